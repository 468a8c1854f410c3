"""Frames in, recognitions out."""

import os

# ONNX Runtime's wheels report on their use to their makers unless this is set before the first import of it, by
# whomever. A program that looks at faces reports to nobody.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
