"""The bookshop under a strict Content-Security-Policy, with a page whose sends have hostile names."""
