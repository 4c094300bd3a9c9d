"""The dashboard: one self-contained HTML page, made of panels, each of which names the queries behind its figures."""
