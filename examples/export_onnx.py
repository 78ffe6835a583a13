"""A generator that leaves this package: trained here, drawn from by ONNX Runtime alone."""

import json

import numpy as np
import onnxruntime

import saddlepoint as sp

run = sp.train("digits", samples=3200, out="digits", progress=False)
print("differs from the model by at most", run.export("digits.onnx").difference)

session = onnxruntime.InferenceSession("digits.onnx")
facts = json.loads(session.get_modelmeta().custom_metadata_map["saddlepoint"])
latent = np.random.default_rng(7).standard_normal((10, facts["latent"]["size"]), dtype=np.float32)
[images] = session.run(["images"], {"latent": latent, "labels": np.arange(len(facts["classes"]))})
print(images.shape, images.dtype)
