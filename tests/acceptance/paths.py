"""The raw paths of the HTTP API that a run asks for. They are in no other place."""


class Paths:
    """The paths of one config."""

    def __init__(self, config):
        self.config = config

    def key(self, section, rest):
        return f"/v1/{self.config}/{section}/keys/{rest}"

    def malformed(self, section, rest, other, other_rest):
        """Yields a name, a path, and whether the gateway may serve it decoded.

        None of them is in the one form that a path has. Each would read `section/rest` or `other/other_rest` on a
        server that resolves what it is sent.
        """
        below = f"/v1/{self.config}"
        yield "dots within the section", f"{below}/{section}/keys/x/../{rest}", False
        yield "dots to another section", f"{below}/{section}/../{other}/keys/{other_rest}", False
        yield "encoded dots", f"{below}/{section}/%2e%2e/{other}/keys/{other_rest}", False
        yield "dots encoded twice", f"{below}/{section}/%252e%252e/{other}/keys/{other_rest}", False
        yield "a doubled slash", f"{below}//{section}/keys/{rest}", False
        yield "a doubled slash before the key", f"{below}/{section}/keys//{rest}", False
        yield "a slash at the end", f"{below}/{section}/keys/{rest}/", False
        yield "an encoded slash", f"{below}/{section}%2fkeys%2f{rest}", True
        yield "an encoded section", f"{below}/%{ord(section[0]):02x}{section[1:]}/keys/{rest}", True

    def to_other_section(self, section, other, other_rest):
        """Yields a name and a path that would leave `section` for a key of another one."""
        below = f"/v1/{self.config}"
        yield "the other section", self.key(other, other_rest)
        yield "dots", f"{below}/{section}/keys/../../{other}/keys/{other_rest}"
        yield "encoded dots", f"{below}/{section}/keys/%2e%2e/%2e%2e/{other}/keys/{other_rest}"
        yield "an encoded section", f"{below}/%{ord(other[0]):02x}{other[1:]}/keys/{other_rest}"
        yield "a doubled slash", f"{below}//{other}/keys/{other_rest}"
        yield "all sections", f"{below}/@config/list"
