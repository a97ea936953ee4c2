"""What has had its use goes, and nothing else."""

from sqlalchemy import text

from db.session import Database
from db.work.cleanup import forget_old


def test_only_what_is_old_is_forgotten(database: Database) -> None:
    with database.service() as conn:
        conn.execute(
            text(
                """
                insert into anonymous_usage (ip_hash, date_utc, count)
                values ('old', current_date - 30, 1), ('new', (now() at time zone 'utc')::date, 1)
                """
            )
        )
        conn.execute(
            text(
                """
                insert into fair_tenants (queue, tenant, last_tag, updated_at)
                values ('q', 'old', 1, now() - interval '31 days'), ('q', 'new', 2, now()),
                    ('q', 'oldest, furthest', 9, now() - interval '60 days')
                """
            )
        )
        conn.execute(
            text(
                """
                insert into schedule_runs (id, job, period, status, finished_at) values
                    (gen_random_uuid(), 'old', now() - interval '31 days', 'completed', now() - interval '31 days'),
                    (gen_random_uuid(), 'new', now(), 'completed', now())
                """
            )
        )
    with database.service() as conn:
        assert forget_old(conn) == 3

    with database.service() as conn:
        assert conn.execute(text("select ip_hash from anonymous_usage")).scalars().all() == ["new"]
        tenants = conn.execute(text("select tenant from fair_tenants order by tenant")).scalars().all()
        assert tenants == ["new", "oldest, furthest"]
        assert conn.execute(text("select job from schedule_runs")).scalars().all() == ["new"]
