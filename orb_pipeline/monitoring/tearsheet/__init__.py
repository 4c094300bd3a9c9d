"""A tearsheet: what a strategy or a portfolio has traded, on one page. `page` makes it of `figures` and `plots`."""
