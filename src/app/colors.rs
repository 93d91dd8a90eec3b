//! The palette in the window: as egui's colours, by theme.

use egui::{Color32, Theme};

use crate::expression::Expression;
use crate::palette;

/// The colour of an expression on a panel; `None` is uncertain.
pub(super) fn expression(theme: Theme, expression: Option<Expression>) -> Color32 {
    let [red, green, blue] = match theme {
        Theme::Dark => palette::on_dark(expression),
        Theme::Light => palette::on_light(expression),
    };
    Color32::from_rgb(red, green, blue)
}

/// The colour of an expression on a picture, the same in both themes: pictures have no theme.
pub(super) fn on_picture(shown: Option<Expression>) -> Color32 {
    expression(Theme::Dark, shown)
}

#[cfg(test)]
mod tests {
    use super::super::theme::Palette;
    use super::*;

    /// Normal sight, then the three dichromacies by Machado, Oliveira and Fernandes, "A
    /// Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1;
    /// rows over linear red, green, blue.
    const SIGHTS: [[[f32; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    fn linear(color: Color32) -> [f32; 3] {
        [color.r(), color.g(), color.b()].map(|value| {
            let value = f32::from(value) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    fn dot(weights: [f32; 3], color: [f32; 3]) -> f32 {
        weights
            .iter()
            .zip(color)
            .map(|(weight, value)| weight * value)
            .sum()
    }

    fn luminance(color: [f32; 3]) -> f32 {
        dot([0.2126, 0.7152, 0.0722], color)
    }

    /// WCAG's contrast ratio.
    fn contrast(left: Color32, right: Color32) -> f32 {
        let (left, right) = (
            luminance(linear(left)) + 0.05,
            luminance(linear(right)) + 0.05,
        );
        left.max(right) / left.min(right)
    }

    /// CIE L*a*b*, D65.
    fn lab(color: [f32; 3]) -> [f32; 3] {
        let root = |value: f32| {
            if value > 0.008_856 {
                value.cbrt()
            } else {
                7.787 * value + 16.0 / 116.0
            }
        };
        let x = root(dot([0.4124, 0.3576, 0.1805], color) / 0.9505);
        let y = root(luminance(color));
        let z = root(dot([0.0193, 0.1192, 0.9505], color) / 1.0888);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn all(theme: Theme) -> Vec<(&'static str, Color32)> {
        let named = Expression::ALL.map(|one| (one.name(), expression(theme, Some(one))));
        let mut all = named.to_vec();
        all.push(("uncertain", expression(theme, None)));
        all
    }

    #[test]
    fn every_expression_stands_out_from_the_panel() {
        for theme in [Theme::Dark, Theme::Light] {
            for (name, color) in all(theme) {
                let ratio = contrast(color, Palette::for_theme(theme).panel);
                assert!(ratio >= 3.0, "{name} in {theme:?}: {ratio}");
            }
        }
    }

    #[test]
    fn every_pair_of_expressions_can_be_told_apart_by_colour_blind_people() {
        for theme in [Theme::Dark, Theme::Light] {
            let colors = all(theme);
            for sight in SIGHTS {
                let seen = |color| {
                    let color = linear(color);
                    lab(sight.map(|row| dot(row, color).clamp(0.0, 1.0)))
                };
                for (index, (name, color)) in colors.iter().enumerate() {
                    for (other, another) in colors.iter().skip(index + 1) {
                        let difference = seen(*color)
                            .iter()
                            .zip(seen(*another))
                            .map(|(left, right)| (left - right).powi(2))
                            .sum::<f32>()
                            .sqrt();
                        assert!(
                            difference >= 20.0,
                            "{name}, {other} in {theme:?}: {difference}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn text_is_easy_to_read_on_every_ground() {
        for theme in [Theme::Dark, Theme::Light] {
            let palette = Palette::for_theme(theme);
            for ground in [palette.panel, palette.raised] {
                for text in [
                    palette.strong,
                    palette.text,
                    palette.weak,
                    palette.error,
                    palette.warn,
                ] {
                    let ratio = contrast(text, ground);
                    assert!(ratio >= 4.5, "{text:?} on {ground:?} in {theme:?}: {ratio}");
                }
            }
            assert!(
                contrast(palette.on_accent, palette.accent) >= 4.5,
                "{theme:?}"
            );
        }
    }
}
