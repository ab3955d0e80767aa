"""What no query finds: how its criteria are known to the cache of statements."""

from sqlalchemy import select
from sqlalchemy.orm import LoaderCriteriaOption

from opensink_web.models import Agent, Function
from opensink_web.models.hidden import _CRITERIA


def test_each_table_has_one_criterion_for_the_cache_knows_it_by_its_table() -> None:
    entities = [criterion.entity for criterion in _CRITERIA]
    assert len(set(entities)) == len(entities)


def test_no_criterion_binds_a_value_for_a_cached_statement_would_keep_the_first() -> None:
    for criterion in _CRITERIA:
        assert isinstance(criterion, LoaderCriteriaOption)
        key = select(criterion.where_criteria)._generate_cache_key()
        assert key is not None
        assert not key.bindparams


def test_statements_that_are_narrowed_have_a_key_and_are_told_apart() -> None:
    one, same, other = (
        select(table).options(*_CRITERIA)._generate_cache_key()
        for table in (Agent, Agent, Function)
    )
    assert one is not None
    assert one == same != other
