"""A user's credits of one week, under the setting of now."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credits:
    """`weekly_max`: what there was when the week began, so that the difference is what has been used since."""

    remaining: int
    weekly_max: int

    def under(self, weekly: int) -> "Credits":
        """The same use, where `weekly` is what everybody has in a week: more helps at once, less takes nothing back.

        What somebody was given beyond the maximum stays theirs.
        """
        used = self.weekly_max - self.remaining
        return Credits(max(0, weekly - used), max(weekly, used))
