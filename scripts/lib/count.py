#!/usr/bin/env python3
"""Counts passed and failed cases in the reports of meson (JUnit) and node --test (TAP): prints "PASSED FAILED"."""
import re
import sys
import xml.etree.ElementTree as ET


def count_junit(path):
    passed = failed = 0
    for case in ET.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


def count_tap(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    passed = sum(map(int, re.findall(r"^# pass (\d+)$", text, re.M)))
    failed = sum(map(int, re.findall(r"^# (?:fail|cancelled) (\d+)$", text, re.M)))
    return passed, failed


def main():
    totals = [0, 0]
    for path in sys.argv[1:]:
        try:
            counts = count_junit(path) if path.endswith(".xml") else count_tap(path)
        except (OSError, ET.ParseError):
            counts = (0, 1)  # a suite without a readable report has failed
        totals = [a + b for a, b in zip(totals, counts)]
    print(*totals)


main()
