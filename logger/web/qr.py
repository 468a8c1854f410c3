"""QR codes, drawn into the page. The one file that imports segno."""

import segno
from markupsafe import Markup

QUIET_MODULES = 4  # of white around it, as ISO/IEC 18004 asks


def qr_svg(digits: str) -> Markup:
    """Black on white whatever the page looks like: not every scanner reads it the other way round."""
    code = segno.make_qr(digits, error="m")
    drawn = code.svg_inline(
        border=QUIET_MODULES, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn.replace("<svg ", '<svg role="img" aria-label="QR code" ', 1))  # noqa: S704 - of digits alone
