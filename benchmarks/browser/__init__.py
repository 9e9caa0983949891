"""What the panel costs in a browser, beside other ways to draw the same spans."""
