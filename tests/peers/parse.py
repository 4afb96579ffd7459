"""How long the official Python SDK takes to read documents that it asked for.

    python parse.py COUNT FILE...

Each file is the XML body of one answer. All of them are read COUNT times with the SDK's own reader, in the order given; the answer is JSON: how
many objects there are in each file, and the seconds of processor time of each reading of all of them.
"""

import json
import sys
import time

from ovirtsdk4.reader import Reader


def main(count, paths):
    bodies = []
    for path in paths:
        with open(path, "rb") as file:
            bodies.append(file.read())
    seconds = []
    for _ in range(count):
        begin = time.process_time()
        objects = [Reader.read(body) for body in bodies]
        seconds.append(time.process_time() - begin)
    json.dump({"objects": [len(one) for one in objects], "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
