"""A preprocessor of mdBook: makes relative links that leave `docs/` links to the repository.

https://rust-lang.github.io/mdBook/for_developers/preprocessors.html describes what it reads and writes.
"""

import json
import re
import sys

REPOSITORY = "https://github.com/discfg/discfg/blob/main/"


def convert(items):
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter:
            chapter["content"] = re.sub(r"(\]\(|^\[[^\]]+\]: )\.\./", rf"\1{REPOSITORY}", chapter["content"], flags=re.M)
            convert(chapter["sub_items"])


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    _, book = json.load(sys.stdin)
    convert(book["items"] if "items" in book else book["sections"])
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
