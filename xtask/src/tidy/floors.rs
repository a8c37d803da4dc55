//! The floors inside of crates: a module imports from its own floor and from lower ones, and no two
//! folders import from each other in a circle. Modules of tests may import anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, UseTree, Visibility};

/// All other modules.
const OTHERS: &str = "*";

/// A folder's own module. In the domain it contains the types of a capability.
const TYPES: &str = "*/mod";

/// The floors of each crate, from the lowest. A floor is a list of folders or files of `src`.
const FLOORS: [(&str, &[&[&str]]); 7] = [
    (
        "domain",
        &[
            &["values"],
            &["ledger"],
            &[TYPES, "events"],
            &["decision"],
            &[OTHERS],
            &["catalogue"],
        ],
    ),
    (
        "application",
        &[
            &["environment", "filter", "page", "webhooks"],
            &["ports"],
            &["error"],
            &["access"],
            &["pipeline"],
            &["stockroom"],
            &[OTHERS],
        ],
    ),
    (
        "http",
        &[
            &["answer", "filter", "request", "service"],
            &[OTHERS],
            &["router"],
        ],
    ),
    (
        "console",
        &[
            &["page"],
            &["service"],
            &["session"],
            &["lookup"],
            &[OTHERS],
            &["middleware", "router"],
        ],
    ),
    (
        "postgres",
        &[
            &[
                "columns",
                "connection",
                "counts",
                "filter",
                "hash",
                "key_cache",
                "list",
                "reservation_cache",
                "revision",
                "stock_cache",
            ],
            &[OTHERS],
            &["commit"],
            &[
                "import_plans",
                "plans",
                "product_plans",
                "round_trips",
                "transfer_plans",
                "verify",
            ],
        ],
    ),
    (
        "sqlite",
        &[
            &["connection", "counts", "filter", "list"],
            &[OTHERS],
            &["commit"],
            &["plans", "product_plans", "verify"],
        ],
    ),
    ("webhooks", &[&["networks"], &["connect"], &["client"]]),
];

/// A file of a crate: the names of the modules on the way to it.
type Module = Vec<String>;

/// The references of a file to others.
#[derive(Default)]
struct Source {
    /// The paths that it imports or names, from the root of the crate.
    paths: Vec<Module>,
    /// The paths that it re-exports, by their last name.
    handed_on: BTreeMap<String, Module>,
}

/// Returns every upward import and every circle.
///
/// # Errors
/// If a source can't be read.
pub(super) fn violations(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut violations = Vec::new();
    for (name, floors) in &FLOORS {
        let sources = read(&root.join("crates").join(name).join("src"))?;
        let imports = imports(&sources);
        let broken = broken(floors, &imports);
        violations.extend(
            broken
                .iter()
                .map(|rule| format!("crates/{name}/src: {rule}")),
        );
    }
    Ok(violations)
}

fn read(folder: &Path) -> anyhow::Result<BTreeMap<Module, Source>> {
    let mut sources = BTreeMap::new();
    for entry in ignore::Walk::new(folder) {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(path)?;
        let module = module_of(path.strip_prefix(folder)?);
        let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        sources.insert(module.clone(), source(&module, &file));
    }
    Ok(sources)
}

fn module_of(path: &Path) -> Module {
    let path = path.with_extension("");
    let names = path.iter().map(|name| name.to_string_lossy().into_owned());
    let mut module: Module = names.collect();
    if module
        .last()
        .is_some_and(|name| ["lib", "main", "mod"].contains(&name.as_str()))
    {
        module.pop();
    }
    module
}

fn source(module: &Module, file: &syn::File) -> Source {
    let mut reader = Reader {
        module,
        source: Source::default(),
    };
    reader.visit_file(file);
    reader.source
}

/// Collects the paths in a file.
struct Reader<'a> {
    module: &'a Module,
    source: Source,
}

impl Reader<'_> {
    /// The path from the root of the crate, if it may belong to the crate.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Module::new(),
            "self" => self.module.clone(),
            "super" => {
                let supers = path.iter().take_while(|name| *name == "super").count();
                let base = self.module.len().checked_sub(supers)?;
                let mut base = self.module[..base].to_vec();
                base.extend_from_slice(&path[supers..]);
                return Some(base);
            }
            // A module below this one, or another crate.
            _ => {
                let mut base = self.module.clone();
                base.push(first.clone());
                base
            }
        };
        base.extend_from_slice(rest);
        Some(base)
    }

    fn read_use(&mut self, tree: &UseTree, mut path: Vec<String>, is_handed_on: bool) {
        let (name, last) = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.read_use(&tree.tree, path, is_handed_on);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(tree, path.clone(), is_handed_on);
                }
                return;
            }
            UseTree::Name(tree) => (tree.ident.to_string(), tree.ident.to_string()),
            UseTree::Rename(tree) => (tree.rename.to_string(), tree.ident.to_string()),
            UseTree::Glob(_) => (OTHERS.to_owned(), String::new()),
        };
        if !last.is_empty() && last != "self" {
            path.push(last);
        }
        let Some(path) = self.absolute(&path) else {
            return;
        };
        if is_handed_on {
            self.source.handed_on.insert(name, path);
        } else {
            self.source.paths.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_handed_on = !matches!(item.vis, Visibility::Inherited);
        self.read_use(&item.tree, Vec::new(), is_handed_on);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let names = path.segments.iter().map(|it| it.ident.to_string());
            let names: Vec<String> = names.collect();
            self.source.paths.extend(self.absolute(&names));
        }
        visit::visit_path(self, path);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

/// The files that each file imports from.
fn imports(sources: &BTreeMap<Module, Source>) -> BTreeMap<&Module, BTreeSet<&Module>> {
    let mut imports = BTreeMap::new();
    for (module, source) in sources {
        let found = source.paths.iter().filter_map(|path| find(sources, path));
        let others = found.filter(|found| *found != module);
        imports.insert(module, others.collect());
    }
    imports
}

/// The file that a path leads to, through files that re-export names.
fn find<'a>(sources: &'a BTreeMap<Module, Source>, path: &[String]) -> Option<&'a Module> {
    let mut path = path.to_vec();
    // No name is re-exported more often.
    for _ in 0..8 {
        let depth = (1..=path.len())
            .rev()
            .find(|depth| sources.contains_key(&path[..*depth]))?;
        let (module, source) = sources.get_key_value(&path[..depth])?;
        let target = path.get(depth).and_then(|name| source.handed_on.get(name));
        let Some(target) = target else {
            return Some(module);
        };
        let mut next = target.clone();
        next.extend_from_slice(&path[depth + 1..]);
        if next == path {
            return Some(module);
        }
        path = next;
    }
    None
}

fn broken(floors: &[&[&str]], imports: &BTreeMap<&Module, BTreeSet<&Module>>) -> Vec<String> {
    let mut broken = Vec::new();
    for (from, to) in imports {
        let from_floor = floor(floors, from);
        for to in to {
            if floor(floors, to) > from_floor {
                let (from, to) = (from.join("/"), to.join("/"));
                broken.push(format!(
                    "{from} imports from {to}, which is on a higher floor"
                ));
            }
        }
    }
    let mut graph = DiGraphMap::<&str, ()>::new();
    let names: BTreeMap<&Module, String> = imports.keys().map(|it| (*it, it.join("/"))).collect();
    for (from, to) in imports {
        for to in to {
            if let (Some(from), Some(to)) = (names.get(from), names.get(*to)) {
                graph.add_edge(from, to, ());
            }
        }
    }
    for circle in tarjan_scc(&graph) {
        let folders = circle.iter().map(|module| module.split('/').next());
        if folders.collect::<BTreeSet<_>>().len() > 1 {
            broken.push(format!("a circle of imports: {}", circle.join(", ")));
        }
    }
    broken
}

/// The number of a file's floor. The root of the crate is above all floors.
fn floor(floors: &[&[&str]], module: &[String]) -> usize {
    let Some(first) = module.first() else {
        return floors.len();
    };
    let of = |wanted: &str| floors.iter().position(|floor| floor.contains(&wanted));
    let named = of(first);
    let types = || (module.len() == 1).then(|| of(TYPES)).flatten();
    named
        .or_else(types)
        .or_else(|| of(OTHERS))
        .unwrap_or(floors.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[&[&str]] = &[&["low"], &[TYPES], &[OTHERS]];

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files.iter().map(|(path, text)| {
            let module = module_of(Path::new(path));
            let source = source(&module, &syn::parse_file(text).unwrap());
            (module, source)
        });
        let sources = sources.collect();
        broken(TWO, &imports(&sources))
    }

    #[test]
    fn imports_go_down() {
        let low = ("low/mod.rs", "pub(crate) use inner::Low;");
        let inner = ("low/inner.rs", "use crate::stock::Stock; pub struct Low;");
        let stock = ("stock/mod.rs", "pub struct Stock;");
        let rules = ("stock/decide.rs", "use super::Stock; use crate::low::Low;");
        assert_eq!(found(&[low, stock, rules]), Vec::<String>::new());
        let up = "low/inner imports from stock, which is on a higher floor";
        assert_eq!(found(&[low, inner, stock, rules]), [up]);
    }

    #[test]
    fn folders_do_not_import_in_a_circle() {
        let one = ("one/a.rs", "fn f() { crate::two::b::g(); }");
        let two = ("two/b.rs", "use crate::one::a::f;");
        let circle = "a circle of imports: two/b, one/a";
        assert_eq!(found(&[one, two]), [circle]);
        let tests = (
            "one/a.rs",
            "#[cfg(test)] mod tests { use crate::two::b::g; }",
        );
        assert_eq!(found(&[tests, two]), Vec::<String>::new());
    }
}
