"""What a comparison or a measurement prints in the end."""

SHOWN = 20


def table(heading, rows):
    """Prints rows in columns."""
    lines = [heading] + [tuple(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip())


def verdict(rows, label, passed, failed):
    """Prints the first failures of every row that has some, then the count of either kind; 1 where there is one."""
    for row in rows:
        for failure in row.failures[:SHOWN]:
            print(f"{label(row)}: {failure}")
        if len(row.failures) > SHOWN:
            print(f"{label(row)}: and {len(row.failures) - SHOWN} more")
    count = sum(bool(row.failures) for row in rows)
    print(f"\n{len(rows) - count} {passed}, {count} {failed}")
    return 1 if count or not rows else 0
