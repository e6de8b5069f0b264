# SPDX-License-Identifier: Apache-2.0
"""Rows: what was tried, what a safe server does, what this one did."""
import json
import sys

from client import Silence


class Report:
    def __init__(self, only=None, live=True):
        self.rows, self.only, self.live = [], only, live

    def wants(self, name):
        return self.only is None or any(name.startswith(start) for start in self.only)

    def wants_any_of(self, subject):
        """Whether there may be rows of this subject, for what many of them share."""
        return self.only is None or any(start.startswith(subject) or subject.startswith(start) for start in self.only)

    def check(self, name, about, expected, attack):
        """attack() returns (passed, what was seen), or None when it does not apply to this target."""
        if not self.wants(name):
            return
        try:
            found = attack()
        except Silence as error:
            found = False, f'{error}: the server is silent or gone'
        except (AssertionError, OSError, ValueError) as error:
            found = False, str(error) or type(error).__name__
        verdict = 'n/a' if found is None else 'pass' if found[0] else 'FAIL'
        row = {'name': name, 'about': about, 'expected': expected, 'verdict': verdict, 'seen': '' if found is None else str(found[1])}
        self.rows.append(row)
        if self.live:
            print(f"{verdict:4}  {name:34} {row['seen'][:70]:70}  {'' if verdict == 'pass' else 'expected: ' + expected}", flush=True)

    def count(self, verdict):
        return sum(row['verdict'] == verdict for row in self.rows)

    def finish(self, as_json):
        if as_json:
            json.dump(self.rows, sys.stdout, indent=1)
            print()
        else:
            print(f"{self.count('pass')} passed, {self.count('FAIL')} failed, {self.count('n/a')} do not apply")
        return self.count('FAIL') == 0
