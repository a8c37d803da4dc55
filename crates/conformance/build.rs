//! Writes the list of all cases: the public functions of the modules in `src` that take a `Bench`
//! alone. So no case is named twice, and none is forgotten.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use syn::{FnArg, Item, Type, Visibility};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let mut modules = BTreeMap::new();
    for entry in fs::read_dir("src")? {
        let path = entry?.path();
        let Some(module) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let file = if path.is_dir() {
            path.join("mod.rs")
        } else {
            path.clone()
        };
        let cases = cases(&file)?;
        if !cases.is_empty() {
            modules.insert(module.to_owned(), cases);
        }
    }
    let mut list = String::new();
    for (module, cases) in modules {
        writeln!(list, "{module} {{ {}, }}", cases.join(", "))?;
    }
    let suite = SUITE.replace("CASES", &list);
    let output = PathBuf::from(env::var("OUT_DIR")?).join("suite.rs");
    fs::write(output, suite)?;
    Ok(())
}

/// The macro that runs all cases.
const SUITE: &str = r"
/// Runs every case against the adapter that `setup` makes: a function
/// `async fn(Environment) -> (impl Database, G)` in the scope of the call.
#[macro_export]
macro_rules! suite {
    ($setup:ident) => {
        $crate::tests! { $setup CASES }
    };
}
";

/// The names of the cases in a file, in its order.
fn cases(file: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let file = syn::parse_file(&fs::read_to_string(file)?)?;
    let functions = file.items.into_iter().filter_map(|item| match item {
        Item::Fn(function) if matches!(function.vis, Visibility::Public(_)) => Some(function.sig),
        _ => None,
    });
    let cases = functions.filter(|function| {
        let mut inputs = function.inputs.iter();
        matches!((inputs.next(), inputs.next()), (Some(input), None) if is_bench(input))
    });
    Ok(cases.map(|function| function.ident.to_string()).collect())
}

fn is_bench(input: &FnArg) -> bool {
    let FnArg::Typed(input) = input else {
        return false;
    };
    matches!(&*input.ty, Type::Path(path) if path.path.is_ident("Bench"))
}
