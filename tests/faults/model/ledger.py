"""What everyone has used up and owes, kept beside the service by the rules that the documentation gives."""

from dataclasses import dataclass, field

from db.smelts.reservation import Allowances
from tests.faults.model.snapshot import Row, Snapshot, ended

WEEKLY = 5
ALLOWANCES = Allowances(
    anonymous_daily=3, platform_daily_cap=1_000_000, uncharged_daily=4, weekly_credits=WEEKLY
)


@dataclass
class Ledger:
    """`credits` and `uncharged` by user; `used` and `given_back` of the one address; `ends` by smelt."""

    credits: dict[str, int]
    uncharged: dict[str, int] = field(default_factory=dict)
    used: int = 0
    given_back: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    charged: set[str] = field(default_factory=set)

    def admits(self, now: Snapshot, tier: str, user: str | None) -> bool:
        """Whether one more smelt is within the allowance."""
        if tier == "anonymous":
            return self.used < ALLOWANCES.anonymous_daily and self.given_back < ALLOWANCES.uncharged_daily
        if tier == "own_key" or user is None:
            return True
        if self.uncharged.get(user, 0) >= ALLOWANCES.uncharged_daily:
            return False
        reserved = [
            smelt
            for smelt in now.smelts.values()
            if smelt["user_id"] == user and smelt["tier"] == "credits"
            if not ended(smelt) and smelt["id"] not in self.charged
        ]
        return self.credits[user] > len(reserved)

    def takes_back(self, now: Snapshot, smelt: Row) -> bool:
        """Whether a retry of this ended smelt is within the allowance."""
        if smelt["tier"] == "anonymous" and not self._was_given_back(now, smelt):
            return self.given_back < ALLOWANCES.uncharged_daily
        if smelt["id"] in self.charged:
            return self.uncharged.get(smelt["user_id"], 0) < ALLOWANCES.uncharged_daily
        return self.admits(now, smelt["tier"], smelt["user_id"])

    def follow(self, before: Snapshot, after: Snapshot) -> None:
        """Books whatever has ended, was begun or taken up again in this step."""
        for smelt_id in before.smelts.keys() | after.smelts.keys():
            old, new = before.smelts.get(smelt_id), after.smelts.get(smelt_id)
            if old is None and new is not None:
                self.used += new["tier"] == "anonymous"
            elif new is None and old is not None:
                self._vanish(old)
            elif old is not None and new is not None and ended(old) != ended(new):
                if ended(new):
                    self._end(after, new)
                else:
                    self._take_up(before, old)
        for user, profile in after.profiles.items():
            if profile["credits_reset_at"] > before.profiles[user]["credits_reset_at"]:
                self.credits[user] = WEEKLY

    def check(self, now: Snapshot) -> None:
        for user, profile in now.profiles.items():
            assert profile["credits_remaining"] == self.credits[user], (profile, self)
            assert profile["uncharged"] == self.uncharged.get(user, 0), (profile, self)
        assert now.usage == (self.used, self.given_back), (now.usage, self)
        for smelt in now.smelts.values():
            assert (smelt["charged_at"] is not None) == (smelt["id"] in self.charged), (smelt, self)
            if smelt["webhook_url"] is not None:
                told = sum(row["smelt_id"] == smelt["id"] for row in now.work["webhook_deliveries"].values())
                assert told == self.ends.get(smelt["id"], 0), "not one webhook for each end"

    def _end(self, now: Snapshot, smelt: Row) -> None:
        smelt_id, user = smelt["id"], smelt["user_id"]
        self.ends[smelt_id] = self.ends.get(smelt_id, 0) + 1
        to_pay = smelt["status"] == "completed" or (
            smelt["status"] == "canceled" and now.has_result(smelt_id)
        )
        if smelt["tier"] == "anonymous":
            self._give_back(not to_pay)
        elif smelt["tier"] == "credits" and smelt_id not in self.charged:
            if to_pay:
                self.credits[user] -= 1
                self.charged.add(smelt_id)
            else:
                self.uncharged[user] = self.uncharged.get(user, 0) + 1

    def _take_up(self, before: Snapshot, smelt: Row) -> None:
        """A retry draws on the allowance again; where that was paid for already it counts as work without a charge."""
        if smelt["tier"] == "anonymous":
            given_back = self._was_given_back(before, smelt)
            self.used += given_back
            self.given_back += not given_back
        elif smelt["id"] in self.charged:
            self.uncharged[smelt["user_id"]] = self.uncharged.get(smelt["user_id"], 0) + 1

    def _vanish(self, smelt: Row) -> None:
        """A visitor's smelt past its deadline fails and goes, in one round of the reconciler."""
        if not ended(smelt):
            assert smelt["tier"] == "anonymous", "an unfinished smelt vanished"
            self._give_back(True)

    def _give_back(self, it: bool) -> None:
        self.used -= it
        self.given_back += it

    @staticmethod
    def _was_given_back(now: Snapshot, smelt: Row) -> bool:
        return smelt["status"] == "failed" or not now.has_result(smelt["id"])
