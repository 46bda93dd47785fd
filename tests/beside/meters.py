"""What all measurements share: percentiles and how busy the machine was."""


def percentile(ascending, percent):
    """The nearest rank: the smallest value that at least so many percent do not exceed."""
    return ascending[max(0, -(-len(ascending) * percent // 100) - 1)]


def machine_ticks():
    """Busy and all ticks of the machine's cores since its start."""
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def busy_share(before, after):
    """The share of all cores that was busy between two readings of `machine_ticks`, whoever kept them busy."""
    return (after[0] - before[0]) / max(1, after[1] - before[1])
