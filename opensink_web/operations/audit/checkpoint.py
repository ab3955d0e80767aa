"""Signed checkpoints: what the chain was at a number, to be kept where nobody here can change it.

Whoever can write to the database can make the whole chain anew. They cannot make a checkpoint fit
that was kept elsewhere, nor sign another one: the key that signs is kept encrypted. Each workspace
has one, Ed25519 (RFC 8032), and its checkpoints name the public half.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import and_, func, or_, select

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.models import AuditCheckpoint, AuditHead, db
from opensink_web.models.base import new_id
from opensink_web.operations.audit.chain import lock_head, text_of
from opensink_web.operations.audit.record import canonical

EVERY_ENTRIES = 1000
EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That the chain of a workspace had this hash at this number, at this moment, signed."""

    workspace_id: str
    seq: int
    hash: str
    at: str
    key: str
    signature: str

    @property
    def line(self) -> str:
        """The line of JSON that is kept elsewhere, and compared with the chain later."""
        return json.dumps(asdict(self))

    @property
    def is_signed(self) -> bool:
        """Return True if the key that it names has signed it."""
        try:
            public = Ed25519PublicKey.from_public_bytes(b64decode(self.key, validate=True))
            public.verify(b64decode(self.signature, validate=True), _signed_text(self))
        except (InvalidSignature, ValueError):
            return False
        return True


def is_any_due() -> bool:
    """Return True if a chain has grown enough, or for long enough, since it was last signed."""
    return _due() is not None


def sign_some() -> int:
    """Sign the chain of one workspace that is due; return how many, 0 for none."""
    workspace_id = _due()
    if workspace_id is None:
        return 0
    sign(workspace_id)
    return 1


def sign(workspace_id: UUID) -> Checkpoint | None:
    """Return the checkpoint of a chain as it is now, made if there is none; None if it is empty."""
    head = lock_head(workspace_id)
    if head.seq == 0:
        return None
    known = select(AuditCheckpoint).where(
        AuditCheckpoint.workspace_id == workspace_id, AuditCheckpoint.seq == head.seq
    )
    row = db.session.scalars(known).one_or_none()
    if row is None:
        row = _signed(head)
        db.session.add(row)
        db.session.flush()
    return _of(row)


def checkpoints_of(workspace_id: UUID) -> Sequence[Checkpoint]:
    """Return all checkpoints of a chain, in order."""
    query = select(AuditCheckpoint).where(AuditCheckpoint.workspace_id == workspace_id)
    return [_of(row) for row in db.session.scalars(query.order_by(AuditCheckpoint.seq))]


def checkpoint_at(workspace_id: UUID, seq: int) -> Checkpoint | None:
    """Return the checkpoint of an entry."""
    query = select(AuditCheckpoint).where(
        AuditCheckpoint.workspace_id == workspace_id, AuditCheckpoint.seq == seq
    )
    row = db.session.scalars(query).one_or_none()
    return None if row is None else _of(row)


def last_checkpoint(workspace_id: UUID) -> Checkpoint | None:
    """Return the newest checkpoint of a chain; None before the first."""
    query = select(AuditCheckpoint).where(AuditCheckpoint.workspace_id == workspace_id)
    row = db.session.scalars(query.order_by(AuditCheckpoint.seq.desc()).limit(1)).one_or_none()
    return None if row is None else _of(row)


def public_key_of(workspace_id: UUID) -> str | None:
    """Return what a workspace's checkpoints are to be signed by; None before the first."""
    query = select(AuditHead).where(AuditHead.workspace_id == workspace_id)
    head = db.session.scalars(query).one_or_none()
    try:
        stored = None if head is None else head.signing_key
    except UnreadableSecret:
        return None
    return None if stored is None else _public_half(_private(stored))


def _due() -> UUID | None:
    last = (
        select(
            AuditCheckpoint.workspace_id,
            func.max(AuditCheckpoint.seq).label("seq"),
            func.max(AuditCheckpoint.at).label("at"),
        )
        .group_by(AuditCheckpoint.workspace_id)
        .subquery()
    )
    has_grown = and_(AuditHead.seq > last.c.seq, last.c.at < clock.now() - EVERY)
    query = (
        select(AuditHead.workspace_id)
        .outerjoin(last, last.c.workspace_id == AuditHead.workspace_id)
        .where(
            AuditHead.seq > 0,
            or_(last.c.seq.is_(None), AuditHead.seq - last.c.seq >= EVERY_ENTRIES, has_grown),
        )
        .limit(1)
    )
    return db.session.scalar(query)


def _signed(head: AuditHead) -> AuditCheckpoint:
    key, moment = _key_of(head), clock.now()
    public = _public_half(key)
    unsigned = Checkpoint(
        str(head.workspace_id), head.seq, head.hash, text_of(moment), public, signature=""
    )
    return AuditCheckpoint(
        id=new_id(),
        workspace_id=head.workspace_id,
        seq=head.seq,
        hash=head.hash,
        at=moment,
        key=unsigned.key,
        signature=b64encode(key.sign(_signed_text(unsigned))).decode(),
    )


def _key_of(head: AuditHead) -> Ed25519PrivateKey:
    """Return the key of a locked head; one that cannot be decrypted is given up for a new one."""
    try:
        stored = head.signing_key
    except UnreadableSecret:
        stored = None
    if stored is None:
        key = Ed25519PrivateKey.generate()
        head.signing_key = b64encode(key.private_bytes_raw()).decode()
        return key
    return _private(stored)


def _private(stored: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b64decode(stored))


def _public_half(key: Ed25519PrivateKey) -> str:
    return b64encode(key.public_key().public_bytes_raw()).decode()


def _of(row: AuditCheckpoint) -> Checkpoint:
    return Checkpoint(
        str(row.workspace_id), row.seq, row.hash, text_of(row.at), row.key, row.signature
    )


def _signed_text(checkpoint: Checkpoint) -> bytes:
    form = asdict(checkpoint)
    del form["signature"]
    return canonical(form)
