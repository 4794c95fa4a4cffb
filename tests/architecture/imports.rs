//! Which file of the source imports from which, by the file that defines what is imported.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Token, text};

/// The path of a module from the crate's root.
type Module = Vec<String>;

/// The source, file by file.
#[derive(Default)]
pub(crate) struct House {
    /// Each file by the module that it is, with what it imports.
    rooms: BTreeMap<Module, Room>,
}

/// What a file takes from elsewhere, outside its tests.
#[derive(Default)]
struct Room {
    /// Names that are imported or handed on, each with where it comes from.
    names: BTreeMap<String, Module>,
    /// Paths that are used. What is only handed on (`pub use`) is not.
    used: Vec<Module>,
    /// Children that are compiled for tests alone.
    tests: BTreeSet<String>,
    /// The structs, enums, traits and aliases that it defines.
    types: Vec<String>,
}

impl House {
    /// Reads the files: each a module with its tokens.
    pub(crate) fn new(files: &BTreeMap<Module, Vec<Token>>) -> Self {
        let rooms = files.iter().map(|(module, tokens)| {
            let children = files.keys().filter(|other| {
                other.len() == module.len() + 1 && other.starts_with(module) && !module.is_empty()
            });
            let children = children.filter_map(|child| child.last().cloned()).collect();
            let reader = Reader {
                module,
                tokens,
                children,
            };
            (module.clone(), reader.read())
        });
        let mut house = Self {
            rooms: rooms.collect(),
        };
        // What begins with the name of an imported module is a path into it.
        let modules: BTreeSet<Module> = house.rooms.keys().cloned().collect();
        for room in house.rooms.values_mut() {
            let names = &room.names;
            let whole = |path: &Module| match path.split_first() {
                Some((first, rest)) if first.starts_with('@') => {
                    let into = names.get(&first[1..]).filter(|into| modules.contains(*into))?;
                    Some([into.as_slice(), rest].concat())
                }
                _ => Some(path.clone()),
            };
            room.used = room.used.iter().filter_map(whole).collect();
        }
        house
    }

    /// The circles: each the files that import each other in a loop, with the names by which they do.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let edges: BTreeMap<&Module, BTreeMap<Module, BTreeSet<String>>> = self
            .rooms
            .keys()
            .filter(|module| !module.is_empty() && !self.is_test(module))
            .map(|module| (module, self.imports(module)))
            .collect();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for module in edges.keys() {
            if seen.contains(*module) {
                continue;
            }
            let reached = reachable(module, &edges);
            let circle: Vec<&Module> = edges
                .keys()
                .copied()
                .filter(|other| reached.contains(*other) && reachable(other, &edges).contains(*module))
                .collect();
            if circle.is_empty() {
                continue;
            }
            seen.extend(circle.iter().copied());
            let ties = circle.iter().flat_map(|from| {
                let within = edges[*from].iter().filter(|(to, _)| circle.contains(to));
                within.map(move |(to, names)| {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    format!("{} -> {}: {}", from.join("::"), to.join("::"), names.join(", "))
                })
            });
            circles.push(ties.collect());
        }
        circles
    }

    /// The types that the source defines, each with its module.
    pub(crate) fn types(&self) -> impl Iterator<Item = (&Module, String)> {
        let rooms = self.rooms.iter().filter(|(module, _)| !self.is_test(module));
        rooms.flat_map(|(module, room)| room.types.iter().map(move |name| (module, name.clone())))
    }

    fn imports(&self, module: &Module) -> BTreeMap<Module, BTreeSet<String>> {
        let mut imports: BTreeMap<Module, BTreeSet<String>> = BTreeMap::new();
        for path in &self.rooms[module].used {
            let (file, name) = self.definition(path);
            // A module that is only named is used by the paths into it.
            if let Some(name) = name
                && file != *module
                && !file.is_empty()
                && !self.is_test(&file)
            {
                imports.entry(file).or_default().insert(name);
            }
        }
        imports
    }

    /// The file that defines what the path means, and its name there.
    fn definition(&self, path: &[String]) -> (Module, Option<String>) {
        let mut path = path.to_vec();
        // A name may be handed on several times; one that comes back to itself is where it is defined.
        for _ in 0..8 {
            let depth = (1..=path.len())
                .rev()
                .find(|depth| self.rooms.contains_key(&path[..*depth]));
            let depth = depth.unwrap_or(0);
            let (file, rest) = path.split_at(depth);
            let Some((name, inside)) = rest.split_first() else {
                return (file.to_vec(), None);
            };
            let from = self.rooms.get(file).and_then(|room| room.names.get(name));
            match from {
                Some(from) if *from != path[..=depth] => path = [from.as_slice(), inside].concat(),
                _ => return (file.to_vec(), Some(name.clone())),
            }
        }
        (path, None)
    }

    fn is_test(&self, module: &[String]) -> bool {
        (1..=module.len()).any(|depth| {
            let (parent, child) = (&module[..depth - 1], &module[depth - 1]);
            let parent = self.rooms.get(parent);
            parent.is_some_and(|parent| parent.tests.contains(child))
        })
    }
}

fn reachable(
    from: &Module,
    edges: &BTreeMap<&Module, BTreeMap<Module, BTreeSet<String>>>,
) -> BTreeSet<Module> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from.clone()]);
    while let Some(module) = next.pop() {
        for to in edges.get(&module).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    reached
}

/// Reads one file.
struct Reader<'a> {
    module: &'a Module,
    tokens: &'a [Token],
    children: BTreeSet<String>,
}

impl Reader<'_> {
    fn read(&self) -> Room {
        let mut room = Room::default();
        let (mut at, mut depth, mut is_test) = (0, 0_usize, false);
        // Modules in braces, each with the depth inside it.
        let mut inline: Vec<(String, usize)> = Vec::new();
        while let Some(token) = self.tokens.get(at) {
            let (before, after) = (self.before(at), self.text(at + 1));
            match token.text.as_str() {
                "#" if after == "[" => {
                    let end = self.end(at + 1, "[", "]");
                    is_test |= self.tokens[at..end]
                        .windows(2)
                        .any(|pair| pair[0].text == "(" && pair[1].text == "test");
                }
                "mod" if is_test && self.text(at + 2) == "{" => {
                    at = self.end(at + 2, "{", "}");
                    is_test = false;
                    continue;
                }
                "mod" if is_test => {
                    room.tests.insert(after.to_owned());
                }
                "mod" if self.text(at + 2) == "{" => inline.push((after.to_owned(), depth + 1)),
                "use" => {
                    let here: Module = self
                        .module
                        .iter()
                        .chain(inline.iter().map(|(name, _)| name))
                        .cloned()
                        .collect();
                    let mut leaves = Vec::new();
                    at = self.tree(at + 1, &[], &mut leaves);
                    let is_public = before == "pub" || before == ")";
                    for (path, alias) in leaves.into_iter().filter(|_| !is_test) {
                        let Some(path) = self.resolved(&path, &here) else {
                            continue;
                        };
                        if let (true, Some(last)) = (inline.is_empty(), path.last()) {
                            room.names
                                .insert(alias.unwrap_or_else(|| last.clone()), path.clone());
                        }
                        if !is_public {
                            room.used.push(path);
                        }
                    }
                    is_test = false;
                    continue;
                }
                // Deeper are associated types and what a function keeps for itself.
                "struct" | "enum" | "trait" | "type" if depth == inline.len() && !is_test => {
                    room.types.push(after.to_owned());
                }
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    inline.retain(|(_, inside)| *inside <= depth);
                    is_test = false;
                }
                ";" => is_test = false,
                word if after == "::"
                    && !matches!(before, "::" | "." | "in")
                    && word.starts_with(is_word) =>
                {
                    let here: Module = self
                        .module
                        .iter()
                        .chain(inline.iter().map(|(name, _)| name))
                        .cloned()
                        .collect();
                    let mut path = vec![word.to_owned()];
                    at += 2;
                    while self.text(at).starts_with(is_word) {
                        path.push(self.text(at).to_owned());
                        at += 1;
                        if self.text(at) != "::" {
                            break;
                        }
                        at += 1;
                    }
                    if let Some(path) = self.resolved(&path, &here) {
                        room.used.push(path);
                    } else {
                        path[0].insert(0, '@');
                        room.used.push(path);
                    }
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        room
    }

    /// The path from the crate's root; nothing for one of another crate, or by the name of what is imported.
    fn resolved(&self, path: &[String], here: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([here, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                let above = here.len().checked_sub(ups)?;
                Some([&here[..above], &path[ups..]].concat())
            }
            name if here == self.module.as_slice() && self.children.contains(name) => {
                Some([here, path].concat())
            }
            _ => None,
        }
    }

    /// Reads the tree of a `use` into paths with what they are renamed to; gives where it ends.
    fn tree(&self, mut at: usize, prefix: &[String], leaves: &mut Vec<(Module, Option<String>)>) -> usize {
        let mut path = prefix.to_vec();
        loop {
            match self.text(at) {
                "{" => {
                    at += 1;
                    while !matches!(self.text(at), "}" | "") {
                        at = self.tree(at, &path, leaves);
                        at += usize::from(self.text(at) == ",");
                    }
                    return at + 1;
                }
                "*" => return at + 1,
                "self" if !path.is_empty() => at += 1,
                word => {
                    path.push(word.to_owned());
                    at += 1;
                }
            }
            match self.text(at) {
                "::" => at += 1,
                "as" => {
                    leaves.push((path, Some(self.text(at + 1).to_owned())));
                    return at + 2;
                }
                _ => {
                    leaves.push((path, None));
                    return at;
                }
            }
        }
    }

    /// Where what opens at `at` is closed, and past that.
    fn end(&self, mut at: usize, open: &str, close: &str) -> usize {
        let mut depth = 0;
        while at < self.tokens.len() {
            depth += usize::from(self.text(at) == open);
            depth -= usize::from(self.text(at) == close);
            at += 1;
            if depth == 0 {
                break;
            }
        }
        at
    }

    fn text(&self, at: usize) -> &str {
        text(self.tokens, at)
    }

    fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |before| self.text(before))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
