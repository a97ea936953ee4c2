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
    "009_outages_and_traces.down.sql": "4b8dfdf81863c0b7edf72e105c471bef66306d32d97c296c3fdcc5372045138f",
    "009_outages_and_traces.up.sql": "ed40db401fd3e458efcb4a19e94c9135414a361319a86bf6c4a14c06b9be55fd",
    "010_speech.down.sql": "5c499a5ba5c4f4074b56bbb832da1afedd51b64317356f531dbbb03aadf10914",
    "010_speech.up.sql": "4475d6b7e9713e71c14ea1baba29a21b5a90c4aa5b45601080ed82551322d827",
    "011_kept.down.sql": "74aa8874950facd44fc9a68551099568cc00e8057a5ff5c190cb96ef3d645d1b",
    "011_kept.up.sql": "a4f8a40dac7787ab97e0c95fc3c98716b0e94684b682de6802757a49634a4759",
    "012_speakers.down.sql": "2d5d320fdd94f2d28df7b5f4c69695d3fca19b7da0b3e6bc7280c7be362556ee",
    "012_speakers.up.sql": "e5792bc28fdd698bf411c9f53b520fca3504edfb5721303411f94822da0aa965",
    "013_retention.down.sql": "bde774ca087734e4a1d4ad09d928156a877b75520a8ccae2fb55a39112ba4aad",
    "013_retention.up.sql": "666d3a9d5adafb46852483eb87105b99f865450fdfbcb08fe5cbdcecb2b55d16",
    "014_round_trips.down.sql": "64e97e658059215b3e3902dad5a81ee44ad6a4bb5c4e6497aa04206b495006a8",
    "014_round_trips.up.sql": "916ab03f25d437c07da5a1a991ad495f25d243100c2ce6fd73c3d1f25558dcee",
    "015_parts.down.sql": "815a15f13a247038c05a27cb30185fec5dcdd3e1cea7cf9f88671cffa0e8a1c6",
    "015_parts.up.sql": "50c52aae55fbb61bfaf2c240a3aa984edc131a8bc6f8ba6e173bb60d9a84dacb",
    "016_known_callers.down.sql": "fa0de21ae6b4dfc3cdd8fed1937e2a8f6557f277c756adce3352a2e9b137a139",
    "016_known_callers.up.sql": "eb1c5ad67fc37d58b7038c85d13e9ef2fb5aa8645d1bde94358dc3fc899d2184",
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
