//! How the window looks: one scale of spaces, one of letter sizes, one accent, two palettes.

use std::sync::Arc;

use egui::style::{Selection, TextCursorStyle, WidgetVisuals, Widgets};
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke,
    Style, TextStyle, Theme, Visuals, vec2,
};

/// Spaces, in points: everything in the window is this far apart.
pub(super) mod space {
    /// Inside one thing.
    pub const XS: f32 = 4.0;
    /// Between things that belong together.
    pub const S: f32 = 8.0;
    /// Around a panel's contents.
    pub const M: f32 = 16.0;
    /// Between groups.
    pub const L: f32 = 24.0;
}

/// Rounding of buttons and rows; windows and pictures take twice as much.
pub(super) const RADIUS: u8 = 6;

/// Letter sizes, in points.
pub(super) mod size {
    /// The status line, the chart's axes, hints.
    pub const SMALL: f32 = 12.0;
    /// Everything else.
    pub const BODY: f32 = 13.5;
    /// Titles.
    pub const TITLE: f32 = 16.0;
    /// The chosen face's expression.
    pub const READOUT: f32 = 26.0;
}

/// The colours of one theme.
#[derive(Debug)]
pub(super) struct Palette {
    /// Behind the picture.
    pub canvas: Color32,
    /// Menu bar, side panel, status line.
    pub panel: Color32,
    /// Menus, cards, dialogs.
    pub raised: Color32,
    /// What lies empty: tracks of bars, buttons at rest.
    pub track: Color32,
    /// Under the pointer.
    pub hover: Color32,
    /// Thin lines between areas.
    pub line: Color32,
    /// What is read first.
    pub strong: Color32,
    /// Text.
    pub text: Color32,
    /// What is read last; still 4.5 : 1 against its ground.
    pub weak: Color32,
    /// The one accent: ticks, focus, the main button.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Recording.
    pub record: Color32,
    /// All is well.
    pub good: Color32,
    /// Something needs a look.
    pub warn: Color32,
    /// Something went wrong.
    pub error: Color32,
}

const DARK: Palette = Palette {
    canvas: Color32::from_rgb(0x0C, 0x0E, 0x12),
    panel: Color32::from_rgb(0x15, 0x18, 0x1D),
    raised: Color32::from_rgb(0x1E, 0x22, 0x29),
    track: Color32::from_rgb(0x29, 0x2E, 0x37),
    hover: Color32::from_rgb(0x31, 0x37, 0x42),
    line: Color32::from_rgb(0x25, 0x2A, 0x32),
    strong: Color32::from_rgb(0xF4, 0xF6, 0xF9),
    text: Color32::from_rgb(0xD3, 0xD8, 0xE0),
    weak: Color32::from_rgb(0x93, 0x9B, 0xA8),
    accent: Color32::from_rgb(0x8E, 0xA8, 0xFF),
    on_accent: Color32::from_rgb(0x10, 0x14, 0x20),
    record: Color32::from_rgb(0xF0, 0x4F, 0x4F),
    good: Color32::from_rgb(0x5C, 0xC0, 0x86),
    warn: Color32::from_rgb(0xF2, 0xB3, 0x4B),
    error: Color32::from_rgb(0xFF, 0x7A, 0x70),
};

const LIGHT: Palette = Palette {
    canvas: Color32::from_rgb(0xE6, 0xE9, 0xEE),
    panel: Color32::from_rgb(0xFA, 0xFB, 0xFC),
    raised: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    track: Color32::from_rgb(0xE9, 0xEC, 0xF1),
    hover: Color32::from_rgb(0xDF, 0xE4, 0xEC),
    line: Color32::from_rgb(0xDD, 0xE1, 0xE8),
    strong: Color32::from_rgb(0x12, 0x16, 0x1C),
    text: Color32::from_rgb(0x2C, 0x33, 0x3D),
    weak: Color32::from_rgb(0x5F, 0x69, 0x77),
    accent: Color32::from_rgb(0x3D, 0x5B, 0xD6),
    on_accent: Color32::WHITE,
    record: Color32::from_rgb(0xD6, 0x2F, 0x36),
    good: Color32::from_rgb(0x1E, 0x8A, 0x50),
    warn: Color32::from_rgb(0x9A, 0x62, 0x00),
    error: Color32::from_rgb(0xB9, 0x2B, 0x27),
};

impl Palette {
    /// The palette of what is being drawn.
    pub fn of(visuals: &Visuals) -> &'static Self {
        Self::for_theme(if visuals.dark_mode {
            Theme::Dark
        } else {
            Theme::Light
        })
    }

    /// The palette of a theme.
    pub fn for_theme(theme: Theme) -> &'static Self {
        match theme {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }
}

/// Letters for titles and for what matters.
pub(super) fn semibold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(SEMIBOLD.into()))
}

/// Letters for everything else.
pub(super) fn regular(size: f32) -> FontId {
    FontId::proportional(size)
}

const REGULAR: &str = "inter";
const SEMIBOLD: &str = "inter-semibold";

/// Sets letters, sizes, spaces and colours, for both themes.
pub(super) fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for theme in [Theme::Dark, Theme::Light] {
        ctx.set_style_of(theme, style(theme));
    }
}

/// Inter first; egui's own letters for signs that it lacks.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let files: [(&str, &[u8]); 2] = [
        (
            REGULAR,
            include_bytes!("../../assets/fonts/Inter-Regular.otf"),
        ),
        (
            SEMIBOLD,
            include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
        ),
    ];
    let others = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    for (name, bytes) in files {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let family = |first: &str| {
        let mut names = vec![first.to_owned()];
        names.extend(others.iter().cloned());
        names
    };
    fonts
        .families
        .insert(FontFamily::Proportional, family(REGULAR));
    fonts
        .families
        .insert(FontFamily::Name(SEMIBOLD.into()), family(SEMIBOLD));
    fonts
}

fn style(theme: Theme) -> Style {
    let mut style = theme.default_style();
    style.visuals = visuals(theme);
    style.text_styles = [
        (TextStyle::Small, regular(size::SMALL)),
        (TextStyle::Body, regular(size::BODY)),
        (TextStyle::Button, regular(size::BODY)),
        (TextStyle::Heading, semibold(size::TITLE)),
        (TextStyle::Monospace, FontId::monospace(size::SMALL)),
    ]
    .into();
    style.compact_menu_style = false;
    style.animation_time = 0.12;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(space::S, space::S);
    spacing.button_padding = vec2(12.0, 5.0);
    spacing.interact_size = vec2(32.0, 28.0);
    spacing.menu_margin = Margin::same(8);
    spacing.window_margin = Margin::same(20);
    spacing.tooltip_width = 320.0;
    spacing.extra_text_line_spacing = 3.0;
    style
}

fn visuals(theme: Theme) -> Visuals {
    let palette = Palette::for_theme(theme);
    let dark = theme == Theme::Dark;
    let base = theme.default_visuals();
    let widget = |fill: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::NONE,
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let shadow = Shadow {
        offset: [0, 8],
        blur: 24,
        spread: 0,
        color: Color32::from_black_alpha(if dark { 120 } else { 40 }),
    };
    let edge = Stroke::new(1.0, palette.line);
    Visuals {
        widgets: Widgets {
            noninteractive: WidgetVisuals {
                bg_stroke: edge,
                ..widget(palette.panel, palette.text)
            },
            inactive: widget(palette.track, palette.text),
            hovered: widget(palette.hover, palette.strong),
            active: WidgetVisuals {
                bg_stroke: Stroke::new(1.5, palette.accent),
                ..widget(palette.hover, palette.strong)
            },
            open: widget(palette.hover, palette.strong),
        },
        selection: Selection {
            bg_fill: palette
                .accent
                .gamma_multiply(if dark { 0.35 } else { 0.25 }),
            stroke: Stroke::new(1.0, palette.strong),
        },
        hyperlink_color: palette.accent,
        weak_text_color: Some(palette.weak),
        faint_bg_color: palette.raised,
        extreme_bg_color: palette.canvas,
        code_bg_color: palette.track,
        warn_fg_color: palette.warn,
        error_fg_color: palette.error,
        window_corner_radius: CornerRadius::same(2 * RADIUS),
        window_fill: palette.raised,
        window_stroke: edge,
        window_shadow: shadow,
        menu_corner_radius: CornerRadius::same(RADIUS + 4),
        popup_shadow: shadow,
        panel_fill: palette.panel,
        text_cursor: TextCursorStyle {
            stroke: Stroke::new(2.0, palette.accent),
            ..base.text_cursor.clone()
        },
        disabled_alpha: 0.45,
        ..base
    }
}
