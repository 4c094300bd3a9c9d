"""Opening-range breakouts from raw minute bars to gated, validated setups."""

__version__ = "0.1.0"
