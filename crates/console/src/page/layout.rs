//! The frame of every page.

use super::assets::{ICON, SCRIPT, STYLE};
use super::section::Section;
use super::theme::Theme;

/// An owner whose things can be looked at.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) name: String,
    /// The first page.
    pub(crate) href: String,
    pub(crate) is_current: bool,
}

/// The message about what was just done, perhaps with a way to undo it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) text: String,
    /// Where a form that undoes it is sent to.
    pub(crate) undo: Option<String>,
}

/// What the frame shows. Each template has it as `layout`.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) title: String,
    /// The place in the navigation; `None` for pages without one.
    pub(crate) section: Option<Section>,
    /// The beginning of the paths of screens at this level.
    pub(crate) base: String,
    /// The organization and its stores, as far as the key may see them.
    pub(crate) levels: Vec<Level>,
    pub(crate) key_name: String,
    /// Whether forms that change something are shown.
    pub(crate) may_change: bool,
    pub(crate) is_of_organization: bool,
    pub(crate) theme: Theme,
    /// The path and query of the page.
    pub(crate) here: String,
    /// What was just done.
    pub(crate) message: Option<Message>,
    /// Names this showing of the page: a form that sends it back is carried out once. It is the field `once` of
    /// forms that nothing else keeps from being carried out twice.
    pub(crate) once: String,
}

impl Layout {
    /// The frame of a page for somebody who isn't signed in.
    pub(crate) fn outside(title: &str, theme: Theme) -> Self {
        Self {
            title: title.to_owned(),
            section: None,
            base: String::new(),
            levels: Vec::new(),
            key_name: String::new(),
            may_change: false,
            is_of_organization: false,
            theme,
            here: "/console/sign-in".to_owned(),
            message: None,
            once: String::new(),
        }
    }

    /// The same with what was just done.
    pub(crate) fn with(mut self, message: Option<Message>) -> Self {
        self.message = message;
        self
    }

    pub(crate) fn style() -> &'static str {
        &STYLE.path
    }

    pub(crate) fn script() -> &'static str {
        &SCRIPT.path
    }

    pub(crate) fn icon() -> &'static str {
        &ICON.path
    }

    /// The places of the navigation that the key may see.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (Option<&'static str>, Section)> {
        let is_of_organization = self.is_of_organization;
        let sections = Section::ALL.into_iter();
        sections.filter(move |(_, section)| is_of_organization || !section.is_of_organization())
    }

    pub(crate) fn is_current(&self, section: Section) -> bool {
        self.section == Some(section)
    }

    /// The name of the level.
    pub(crate) fn level(&self) -> &str {
        let mut levels = self.levels.iter();
        let current = levels.find(|level| level.is_current);
        current.map_or("", |level| &level.name)
    }

    /// The theme after this one, for the button that changes it.
    pub(crate) const fn next_theme(&self) -> Theme {
        match self.theme {
            Theme::Auto => Theme::Dark,
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::Auto,
        }
    }
}
