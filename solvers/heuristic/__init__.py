"""Methods without proof: published planners by name, and what people do by hand."""
