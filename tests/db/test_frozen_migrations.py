"""Migrations are only added to: what a database has run stays as it ran."""

from hashlib import sha256

import pytest

from db.migrations import FOLDER, revisions

# Of each file, as `sha256sum db/migrations/*.sql` prints it. A new migration gets its lines here.
FROZEN = {
    "001_auth.down.sql": "27496c1db2359da3f5b4d870e603182ccd88ef92c11ffb303a70decc2e7b3e47",
    "001_auth.up.sql": "b9471b49ddd7a7bbf35f58b4f3a7789a9e80ef08083e8a33907485fb027a0863",
    "002_tables.down.sql": "f2430b1afe76be1ff1f16ee64a2f9936ba1d806dc6b1dd782a0358d12c3aa99f",
    "002_tables.up.sql": "41566701de507b612361a8eba777369f3a1db47f6e549d9d176f323ca424dd1c",
    "003_policies.down.sql": "9268a08287c89f146b2b430aed19f423717059d4fddae88a12bf316da16ac30d",
    "003_policies.up.sql": "192e4ac6a7cfa1419379a8651cfca3dc79ce3ef8b73ec0797cb1fc139cfd0ed8",
    "004_functions.down.sql": "3df3aba484b25fe23dc499c3f182ef4bd1020cfdcb1f2eeef72314900aeff15b",
    "004_functions.up.sql": "8a3c98219a2dd5a8d77f1a0b78e24e625cf63ae16a09da7b923acb62a347bc5e",
    "005_local_tier.down.sql": "9def8c34a3e120249cc092b46fad63625cb71eed25d63c7f937eacfc6c3c1064",
    "005_local_tier.up.sql": "47206342b97e7788903b2a28e1d0bd6c9e6379f87dcf446fced54b2eef82d7d6",
    "006_monitor.down.sql": "f2526a0aaee3c3118f3b65b26ea7d9c5adcce605d2cf94f00f3397d8ee89790c",
    "006_monitor.up.sql": "8f5c04472b60d8681b7711eb28fc746c0299bc3a557db437fa23152562627e43",
    "007_alone.down.sql": "8b65037f74bd88e4c633e1a7248fc1a46f007d2df69b4cbfb24f6d69e2f495e6",
    "007_alone.up.sql": "7dfd43e13e075300dbbb672ea14038857e29d12c5fc99bd8912d1b9b7a1a7208",
    "008_admin.down.sql": "5b76b92dc4220f69b5ffab8742dd9e82397c8456787c05f4572f8996ea27941e",
    "008_admin.up.sql": "20b07da4f3991deec308e7d87f1187928403ef3cef118d88f1a869d1c172c5fd",
}
FILES = sorted(path.name for path in FOLDER.glob("*.sql"))


@pytest.mark.parametrize("name", sorted({*FILES, *FROZEN}))
def test_a_migration_is_never_edited(name: str) -> None:
    assert name in FROZEN, f"{name} is new: add its digest, by which it is frozen from here on"
    assert name in FILES, f"{name} is gone: databases have run it, and can't go up or down without it"
    assert sha256((FOLDER / name).read_bytes()).hexdigest() == FROZEN[name], (
        f"{name} was changed: databases that have run it would never get the change. Put it in a new migration."
    )


def test_each_has_the_next_number_a_way_up_and_a_way_down() -> None:
    """They run in the order of their names, so that a number between would be passed over."""
    assert [revision.partition("_")[0] for revision in revisions()] == [
        f"{number:03}" for number in range(1, len(revisions()) + 1)
    ]
    assert sorted(f"{revision}.{way}.sql" for revision in revisions() for way in ("down", "up")) == FILES
