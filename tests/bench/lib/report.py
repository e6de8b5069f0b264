# SPDX-License-Identifier: Apache-2.0
"""What a benchmark prints: its steps, its figures with their limits, and how many of them pass."""
import time

results = []
began = time.monotonic()


def step(text):
    print(f"## {time.monotonic() - began:4.0f} s: {text}", flush=True)


def figure(name, ours, peer, unit, limit=None, note="", at_least=False):
    """at_least: the ratio has to be the limit or more, not less"""
    ratio = ours / peer if peer else float("nan")
    result = ""
    if limit is not None:
        results.append((name, ratio >= limit if at_least else ratio <= limit))
        result = " result=pass" if results[-1][1] else " result=FAIL"
    limit = "-" if limit is None else f"{limit:.3g}"
    print(f"name={name} ours={ours:.4g} peer={peer:.4g} ratio={ratio:.3g} limit_ratio={limit} unit={unit}"
          f"{' better=higher' if at_least else ''}{' note=' + note if note else ''}{result}", flush=True)


def finish():
    """Returns the exit status."""
    missed = [name for name, passed in results if not passed]
    print(f"{len(results) - len(missed)} figures pass, {len(missed)} fail{': ' + ', '.join(missed) if missed else ''}", flush=True)
    return 1 if missed else 0
