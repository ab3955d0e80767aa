"""Finding the deliveries that nobody is working on although they are due: the sweeper's verbs.

Announcements to RQ may be lost, so a due row is announced again, with growing pauses, until
somebody claims it. Compare-and-set on `dispatch_no` keeps two sweepers from both announcing.
"""

from datetime import timedelta

from sqlalchemy import or_, select, update

from opensink_web import clock
from opensink_web.models import Delivery, DeliveryStatus, db
from opensink_web.models.transaction import Announcement, rows_changed

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(seconds=60)


def due_deliveries(*, all_again: bool = False) -> list[Announcement]:
    """Return the due deliveries whose announcement seems lost, oldest first.

    With `all_again` those that were announced only just now too: Redis has forgotten them.
    """
    moment = clock.now()
    query = (
        select(Delivery.id, Delivery.dispatch_no, Delivery.dispatched_at, Delivery.lease_until)
        .where(
            Delivery.status == DeliveryStatus.PENDING,
            Delivery.next_at <= moment,
            or_(Delivery.lease_until.is_(None), Delivery.lease_until <= moment),
        )
        .order_by(Delivery.next_at)
    )
    return [
        Announcement(delivery_id, dispatch_no)
        for delivery_id, dispatch_no, dispatched_at, lease_until in db.session.execute(query)
        if all_again
        or dispatched_at is None
        or lease_until is not None
        or dispatched_at + _pause_after(dispatch_no) <= moment
    ]


def note_dispatch(announcement: Announcement) -> Announcement | None:
    """Count one more announcement; None if another sweeper was faster."""
    counted = rows_changed(
        update(Delivery)
        .where(
            Delivery.id == announcement.delivery_id,
            Delivery.dispatch_no == announcement.dispatch_no,
        )
        .values(dispatch_no=announcement.dispatch_no + 1, dispatched_at=clock.now())
    )
    if counted != 1:
        return None
    return Announcement(announcement.delivery_id, announcement.dispatch_no + 1)


def _pause_after(dispatch_no: int) -> timedelta:
    doublings = min(dispatch_no, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
