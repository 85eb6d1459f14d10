"""Small charts for reports, without a plotting library: a chart becomes a list of shapes, and shapes become SVG or PNG."""
