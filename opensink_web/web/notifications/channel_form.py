"""The form of a channel, made of the fields that its kind declares."""

from wtforms import BooleanField, EmailField, PasswordField, SelectField
from wtforms import Field as Control
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import PasswordInput

from opensink_web.channels.base import Channel, Field, FieldKind
from opensink_web.json_value import JSONObject
from opensink_web.operations.notifications.channel import NAME_LENGTH_MAX
from opensink_web.web.forms.settings_form import LineField, SettingsForm

_KEPT = "It is not shown again. Leave it empty to keep it as it is."


class ChannelForm(SettingsForm):
    """What every kind asks for; the fields of one are added below it."""

    name = LineField("Name", description="What you call it, if not by its kind.")


def channel_form(channel: Channel, name: str = "", stored: JSONObject | None = None) -> ChannelForm:
    """Return the form as it was sent, or as a channel is stored."""
    known = stored or {}
    controls = {each.name: _control(each, is_known=each.name in known) for each in channel.fields}
    controls |= {
        removal_of(each): BooleanField(f"Remove what is stored as “{each.label}”")
        for each in channel.fields
        if each.name in known and each.kind is FieldKind.SECRET and not each.is_required
    }
    made = type("FormOfOneKind", (ChannelForm,), controls)
    shown = {
        each.name: str(known[each.name])
        for each in channel.fields
        if each.name in known and each.kind is not FieldKind.SECRET
    }
    form: ChannelForm = made(name=name, **shown)
    return form


def config_of(form: ChannelForm, channel: Channel, stored: JSONObject | None = None) -> JSONObject:
    """Return what was typed, without what was left empty; a secret left empty is the stored one,
    unless that is to be removed.
    """
    config: JSONObject = {}
    for each in channel.fields:
        typed = form[each.name].data or ""
        is_kept = removal_of(each) not in form or not form[removal_of(each)].data
        if not typed and each.kind is FieldKind.SECRET and stored is not None and is_kept:
            typed = stored.get(each.name) or ""
        if typed:
            config[each.name] = typed
    return config


def removal_of(field: Field) -> str:
    """Return the name of the box that removes a secret which is stored."""
    return f"{field.name}_removed"


def _control(field: Field, *, is_known: bool) -> Control:
    is_kept = is_known and field.kind is FieldKind.SECRET
    hint = f"{field.hint}. {_KEPT}" if is_kept and field.hint else _KEPT if is_kept else field.hint
    needed = field.is_required and not is_kept
    validators = [InputRequired(f"{field.label} is needed.") if needed else Optional()]
    match field.kind:
        case FieldKind.EMAIL:
            return EmailField(field.label, validators, description=hint)
        case FieldKind.SECRET:
            # what was refused is there to be mended; what is stored is never put into the form
            widget = PasswordInput(hide_value=False)
            return PasswordField(field.label, validators, description=hint, widget=widget)
        case FieldKind.CHOICE:
            return SelectField(
                field.label, validators, choices=list(field.choices), description=hint
            )
        case FieldKind.TEXT | FieldKind.URL:
            return LineField(field.label, validators, description=hint)


__all__ = ["NAME_LENGTH_MAX", "ChannelForm", "channel_form", "config_of", "removal_of"]
