//! The page: one HTML file that needs nothing else, to be read, printed and kept.
//!
//! [`view`] turns the numbers into words, the template `page.html` lays them out.

mod amounts;
mod timeline;
mod view;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;

use self::view::View;
use super::analysis::Analysis;
use super::count::analyze;
use super::whole::Whole;
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::palette;

/// Writes the page about the session in `folder` to `out`.
///
/// # Errors
/// [`Error::Session`] if there is nothing to tell, [`Error::Unwritable`] for `out`.
pub fn write_page(folder: &Path, out: &Path) -> Result<()> {
    let html = page(&analyze(folder, None)?, &name_of(folder))?;
    let written = Whole::begin(out).and_then(|(whole, mut file)| {
        file.write_all(html.as_bytes())?;
        whole.keep()
    });
    written.map_err(|source| Error::Unwritable {
        path: out.to_owned(),
        source,
    })
}

/// What a session is called: its folder's name.
#[must_use]
pub fn name_of(folder: &Path) -> String {
    let whole = folder.canonicalize();
    let folder = whole.as_deref().unwrap_or(folder);
    folder.file_name().map_or_else(
        || folder.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// The page about a session called `name`.
///
/// # Errors
/// [`Error::Page`]: a fault of the template, not of the session.
pub fn page(analysis: &Analysis, name: &str) -> Result<String> {
    render(&View::of(analysis, name)).map_err(|error| Error::Page(format!("{error:#}")))
}

fn render(view: &View) -> Result<String, minijinja::Error> {
    // A template whose name ends with .html escapes every name that people gave.
    let mut templates = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    templates.set_syntax(syntax.build()?);
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    templates.add_template("page.html", include_str!("page.html"))?;
    templates.add_template("page.css", include_str!("page.css"))?;
    templates.add_template("page.js", include_str!("page.js"))?;
    templates.add_global("light", colors(palette::on_light));
    templates.add_global("dark", colors(palette::on_dark));
    templates.get_template("page.html")?.render(Serde(view))
}

/// The expressions' colours on one ground, as CSS.
fn colors(on_ground: impl Fn(Option<Expression>) -> [u8; 3]) -> String {
    let mut css = String::new();
    for shown in Expression::ALL.map(Some).into_iter().chain([None]) {
        let [red, green, blue] = on_ground(shown);
        let name = shown.map_or("uncertain", Expression::name);
        let _never_fails = write!(css, "--{name}:#{red:02x}{green:02x}{blue:02x};");
    }
    css
}
