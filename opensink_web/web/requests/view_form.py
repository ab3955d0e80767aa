"""The form in which a list of the inbox is named."""

from opensink_web.web.forms.settings_form import LineField, SettingsForm


class ViewForm(SettingsForm):
    """What a saved view is called."""

    name = LineField("Name of this view", render_kw={"maxlength": 80, "autocomplete": "off"})
