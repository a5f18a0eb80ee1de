"""Icons of the widgets: 48 x 48 SVG, one family."""
