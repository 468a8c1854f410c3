// Photos of phones, made as small as they may be: the server looks at less detail than this, and takes only so many bytes.

const LONGEST_PX = 2560;
const LARGE_BYTES = 2 * 1024 * 1024;
const JPEG_QUALITY = 0.92;

/** The photo as it is, or a smaller JPEG of it, upright and without what the camera wrote beside the picture. */
export async function shrunk(file) {
  const picture = await readable(file);
  if (!picture) return file; // the server says what is wrong with it
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const small = scale < 1 || file.size > LARGE_BYTES ? await encode(picture, scale) : null;
  picture.close();
  return small && small.size < file.size ? small : file;
}

async function readable(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    return null;
  }
}

function encode(picture, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
}
