"""Second factors: codes of an app after the password, and recovery codes for when it is lost.

Follows RFC 6238 (https://www.rfc-editor.org/rfc/rfc6238): steps of 30 seconds, one step of skew
either way, and no code is accepted twice (section 5.2). Only passwords are followed by one: who
comes through a provider has met the provider's own demands.
"""

import base64
import secrets
from uuid import UUID

import pyotp
from sqlalchemy import delete, or_, update

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput
from opensink_web.models import AuditAction, RecoveryCode, SecondFactor, User, Workspace, db
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.accounts.credential import hash_token
from opensink_web.operations.accounts.password import require_power_over
from opensink_web.operations.accounts.queries import find_setup, second_factor_of
from opensink_web.operations.accounts.user import lock_member
from opensink_web.operations.audit.record import record_of_account

ISSUER = "OpenSink"
RECOVERY_CODE_COUNT = 10
_RECOVERY_CODE_BYTES = 10
"""80 random bits: too many to try out even for somebody who has the hashes."""
_CODE_LENGTH = 6
_SKEW_STEPS = 1


def begin_setup(user: User) -> None:
    """Make a secret for an app, which counts for nothing yet, in the place of an earlier one.

    Raises: Conflict when one is in use.
    """
    _refuse_a_second_one(user)
    factor = find_setup(user)
    if factor is None:
        factor = SecondFactor(user_id=user.id)
    factor.secret = pyotp.random_base32()
    db.session.add(factor)


def app_address(user: User, factor: SecondFactor) -> str:
    """Return the otpauth:// address that apps read out of a QR code."""
    return pyotp.TOTP(factor.secret).provisioning_uri(name=user.email, issuer_name=ISSUER)


def confirm_setup(user: User, code: str) -> list[str]:
    """Put the second factor to use and return its recovery codes, which nobody can see again.

    Raises: Conflict when there is none to confirm; InvalidInput for a code that is not its own.
    """
    _refuse_a_second_one(user)
    factor = find_setup(user)
    if factor is None:
        raise Conflict("The setup was restarted elsewhere. Please start again.")
    if not _accept_app_code(factor, _plain(code)):
        message = "This is not the code the app shows now. Check the time on your device too."
        raise InvalidInput(message, errors=(FieldError("/code", message),))
    factor.confirmed_at = clock.now()
    record_of_account(AuditAction.SECOND_FACTOR_ON, user)
    return _new_codes(factor)


def accept_code(factor: SecondFactor, code: str) -> bool:
    """Return True if a code of the app, or a recovery code, lets in; each does so once."""
    plain = _plain(code)
    is_of_app = len(plain) == _CODE_LENGTH and plain.isdecimal()
    is_right = (_accept_app_code if is_of_app else _use_recovery_code)(factor, plain)
    if not is_right:
        user = db.session.get_one(User, factor.user_id)
        record_of_account(AuditAction.SECOND_FACTOR_FAILED, user, is_proven=False)
    return is_right


def _use_recovery_code(factor: SecondFactor, plain: str) -> bool:
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.second_factor_id == factor.id,
            RecoveryCode.code_hash == hash_token(plain),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    return rows_changed(used) == 1


def renew_recovery_codes(user: User, factor: SecondFactor) -> list[str]:
    """Make new recovery codes and return them; the earlier ones let nobody in any more."""
    record_of_account(AuditAction.RECOVERY_CODES_RENEWED, user)
    return _new_codes(factor)


def _new_codes(factor: SecondFactor) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.second_factor_id == factor.id))
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODE_COUNT)]
    for code in codes:
        db.session.add(RecoveryCode(second_factor_id=factor.id, code_hash=hash_token(_plain(code))))
    return codes


def turn_off(user: User) -> bool:
    """Take the second factor from the account; return True if there was one."""
    return _turn_off(user, AuditAction.SECOND_FACTOR_OFF)


def reset(user: User) -> bool:
    """Turn off the second factor of somebody who has lost it; return True if there was one."""
    return _turn_off(user, AuditAction.SECOND_FACTOR_RESET)


def _turn_off(user: User, action: AuditAction) -> bool:
    factor = second_factor_of(user)
    if factor is not None:
        db.session.delete(factor)
    record_of_account(action, user)
    return factor is not None


def reset_for_member(workspace: Workspace, user_id: UUID, *, by: User) -> User:
    """Turn a member's second factor off, for one who has lost it.

    Raises: NotFound; Conflict when `by` has not the power over the account.
    """
    user = lock_member(workspace, user_id).user
    if user.id == by.id:
        raise Conflict("You can turn off your own second factor on the page Your account.")
    require_power_over(user, by=by)
    reset(user)
    return user


def _accept_app_code(factor: SecondFactor, code: str) -> bool:
    """Accept a code of a later step than the last one, so that of two at once one gets in."""
    try:
        step = pyotp.TOTP(factor.secret).verify_and_get_timecode(
            code, for_time=clock.now(), valid_window=_SKEW_STEPS
        )
    except pyotp.OTPVerificationError:
        return False
    newer = or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step)
    used = update(SecondFactor).where(SecondFactor.id == factor.id, newer).values(last_step=step)
    return rows_changed(used) == 1


def _refuse_a_second_one(user: User) -> None:
    if second_factor_of(user) is not None:
        raise Conflict("Your account already has a second factor. Turn it off first.")


def _new_recovery_code() -> str:
    """Four groups of four letters and digits, without those that look alike."""
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_CODE_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _plain(code: str) -> str:
    """Undo what people and password managers put between the characters."""
    return "".join(code.split()).replace("-", "").lower()
