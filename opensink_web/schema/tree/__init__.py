"""A schema as a tree of nodes: what to ask, in which order, with which limits.

node        FieldNode, its Kind and limits
building    field_tree(): schema -> nodes
kept        the trees that were used last
document    what a form asks of its schema document: references, dialect, recursion
merging     the keywords of several schemas as those of one
flattening  `$ref` and `allOf` merged into one plain set of keywords
options     the values to choose from
"""
