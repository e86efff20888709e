"""The losses in TensorFlow: `_loss.fused`, which Keras' layers are written over."""
