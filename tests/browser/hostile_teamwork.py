"""What people say to each other and how they are put together, for the workspace in which every
text that others write is hostile.
"""

from uuid import UUID

from opensink_web.models import InputRequest, Team, User, Workspace, db
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.notifications.chain import ChainFields, create_chain
from opensink_web.operations.notifications.plan import PlannedStep, Who, checked_plan
from tests.browser.hostile_texts import Texts


def add_teams(workspace: Workspace, texts: Texts) -> UUID:
    """Make teams as they could be named before names were checked; return the id of one."""
    teams = [
        Team(workspace_id=workspace.id, name=line[:64], look=str(number), description=line)
        for number, line in enumerate(texts.of_people)
    ]
    db.session.add_all(teams)
    db.session.flush()
    return teams[0].id


def add_chain(workspace: Workspace, reader: User, team_id: UUID) -> UUID:
    """Make a chain that tells a team; return its id."""
    steps = [PlannedStep(60, Who.TEAM, team_id, also_assign=True)]
    plan = checked_plan("UTC", {"monday": "09:00-17:00"}, [], steps)
    return create_chain(workspace, ChainFields("Chain", plan), by=reader).id


def add_comments(
    workspace: Workspace, request: InputRequest, reader: User, writer: User, texts: Texts
) -> None:
    """Comment on a request with every text, in a person's name and an agent's, to the reader."""
    for number, paragraph in enumerate(texts.paragraphs):
        message = f"@{reader.email} {paragraph}"
        add_comment(workspace, request.id, message, by=writer, is_by_asker=bool(number % 2))
