"""What the tests look up or arrange in the database, behind the API's back."""

from uuid import UUID

from sqlalchemy import text

from db.session import Database


def count_smelts(database: Database) -> int:
    with database.service() as conn:
        return int(conn.execute(text("select count(*) from smelts")).scalar_one())


def set_credits(database: Database, user_id: UUID, amount: int) -> None:
    with database.service() as conn:
        conn.execute(
            text("update user_profiles set credits_remaining = :credits where user_id = :id"),
            {"credits": amount, "id": user_id},
        )
