"""Others' JSON Schemas: limits, validation, and the form a person fills in.

Pure: JSON in, JSON or a WTForms form out. No database, no Flask, no network.

    subschemas   where schemas stand inside a schema
    references   what a local `$ref` points at
    limits       check_schema(): what may be sent as a schema
    lint         what a schema may say, but hardly means
    example      a value to try a schema with
    places       on which line of a text a part of it stands
    effort       how much work a recursive schema makes of an answer
    validation   validate(): an answer against its schema
    messages     a failed keyword as a sentence for people
    secrets      which parts of a value are secret
    flattening   `$ref` and `allOf` merged into one plain set of keywords
    field_tree   schema -> tree of field nodes
    options      the values to choose from
    fields       field node -> WTForms field; choices and fixed values
    typed_fields text and numbers, type-exact in both directions
    json_field   a part that is typed as JSON, its secrets behind marks
    compound     the fields that hold fields: groups and lists
    form         AnswerForm: blank, submitted, read, rows added and removed

Follows JSON Schema 2020-12, 2019-09 and draft-07 (https://json-schema.org/specification).
"""
