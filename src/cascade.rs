//! The `SeetaFace` cascade for frontal faces (Wu et al. 2017, "Funnel-Structured Cascade for
//! Multi-View Face Detection with Alignment-Awareness"): binary patterns reject most windows, then
//! three perceptrons judge and place what is left.
//!
//! It finds what the authors' program (BSD-2-Clause) and its port, the crate `rustface`, find, to the
//! last bit of the score: sums are taken in their order. `tests/cascade.rs` holds it to that.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use fearless_simd::Level;

mod model;
mod patterns;
mod perceptron;
mod picture;
mod surf;

use self::model::Model;
use self::patterns::PatternMap;
use self::perceptron::Answers;
use self::picture::{Picture, Scaler};
use self::surf::GradientSums;

/// The side of the window that all stages see, in pixels.
pub const WINDOW: usize = 40;

/// A square that may be a face, in pixels of the searched picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Left edge; may lie outside.
    pub x: i32,
    /// Upper edge; may lie outside.
    pub y: i32,
    /// Width and height.
    pub side: i32,
    /// Larger is surer; the sum over the windows that were merged into this one.
    pub score: f64,
}

/// How thoroughly a picture is searched.
#[derive(Debug, Clone, Copy)]
pub struct Thoroughness {
    /// From one window to the next, in pixels.
    pub step: usize,
    /// The size of a level of the pyramid, in that of the one below; less than 1.
    pub pyramid: f32,
    /// The smallest score that counts as a face.
    pub threshold: f64,
}

/// Searches pictures for faces. Its memory is used again and again.
pub struct Cascade {
    model: Model,
    level: Scaler,
    window: Scaler,
    patterns: PatternMap,
    sums: GradientSums,
    /// A perceptron's, for each different window.
    answers: Answers,
    /// The number of each among them.
    windows: HashMap<(i32, i32, i32), usize>,
    merger: Merger,
    /// What the first stage lets pass, for each of its views.
    views: Vec<Vec<Candidate>>,
    candidates: Vec<Candidate>,
}

impl Cascade {
    /// Reads the weights.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(weights: &[u8]) -> Result<Self, &'static str> {
        let model = model::read(weights)?;
        let wide = Level::new();
        Ok(Self {
            views: vec![Vec::new(); model.views.len()],
            model,
            level: Scaler::new(wide),
            window: Scaler::new(wide),
            patterns: PatternMap::new(wide),
            sums: GradientSums::new(wide),
            answers: Answers::new(wide),
            windows: HashMap::new(),
            merger: Merger::default(),
            candidates: Vec::new(),
        })
    }

    /// The faces in rows of `width` bytes of brightness; none in a picture smaller than the window.
    pub fn search(
        &mut self,
        pixels: &[u8],
        width: usize,
        thoroughness: &Thoroughness,
    ) -> &[Candidate] {
        let picture = Picture::new(pixels, width);
        self.candidates.clear();
        self.scan(&picture, thoroughness);
        for view in &mut self.views {
            self.merger.merge(view, 0.8);
            self.candidates.append(view);
        }
        for number in 0..self.model.judges.len() {
            self.judge(&picture, number);
            if let Some(overlap) = self.model.judges[number].merge_over {
                self.merger.merge(&mut self.candidates, overlap);
            }
        }
        self.candidates
            .retain(|candidate| candidate.score >= thoroughness.threshold);
        &self.candidates
    }

    /// The first stage: every window of every level of the pyramid, for each view.
    fn scan(&mut self, picture: &Picture, thoroughness: &Thoroughness) {
        let smaller_side = picture.width.min(picture.height());
        let smallest = WINDOW as f32 / smaller_side as f32;
        let mut scale = 1.0_f32;
        while scale >= smallest {
            let along = |side: usize| (side as f32 * scale) as usize;
            let shape = (along(picture.width), along(picture.height()));
            if shape.0.min(shape.1) < WINDOW {
                break;
            }
            let level = self.level.scale(picture, shape);
            self.patterns.compute(&level);
            let original = |at: usize| (at as f32 / scale + 0.5) as i32;
            let side = original(WINDOW);
            for y in (0..=shape.1 - WINDOW).step_by(thoroughness.step) {
                for x in (0..=shape.0 - WINDOW).step_by(thoroughness.step) {
                    // A flat window has no face; none of the views looks at that more than once.
                    let mut is_flat = None;
                    for (view, found) in self.model.views.iter().zip(&mut self.views) {
                        let Some(score) = view.score(&self.patterns, x, y) else {
                            continue;
                        };
                        if !*is_flat.get_or_insert_with(|| level.is_flat(x, y)) {
                            found.push(Candidate {
                                x: original(x),
                                y: original(y),
                                side,
                                score: f64::from(score),
                            });
                        }
                    }
                }
            }
            scale *= thoroughness.pyramid;
        }
    }

    /// Keeps the candidates that a perceptron takes for faces, each where it says that the face is.
    fn judge(&mut self, picture: &Picture, number: usize) {
        let judge = &self.model.judges[number];
        self.candidates.retain(Candidate::is_in_sight);
        self.windows.clear();
        self.answers.clear();
        for candidate in &self.candidates {
            // Several views may have let the same window pass.
            let next = self.windows.len();
            if let Entry::Vacant(entry) = self.windows.entry(candidate.window()) {
                entry.insert(next);
                let (x, y, side) = candidate.window();
                let window = (self.window).cut(picture, x, y, side as usize);
                self.sums.compute(&window);
                judge.perceptron.look(&self.sums, &mut self.answers);
            }
        }
        judge.perceptron.answer(&mut self.answers);
        self.candidates.retain_mut(|candidate| {
            let [score, right, down, larger] = self.answers.get(self.windows[&candidate.window()]);
            // The authors' program moves what begins outside to the edge only after it has seen it.
            (candidate.x, candidate.y) = (candidate.x.max(0), candidate.y.max(0));
            if score <= judge.threshold {
                return false;
            }
            *candidate = candidate.moved(right, down, larger, score);
            true
        });
    }
}

impl Candidate {
    fn window(&self) -> (i32, i32, i32) {
        (self.x, self.y, self.side)
    }

    /// Whether a part of it lies below and right of the picture's corner.
    fn is_in_sight(&self) -> bool {
        self.side >= 2 && self.x + self.side > 0 && self.y + self.side > 0
    }

    /// Where a perceptron says that the face is; its answers are 0.5 where nothing is to be moved.
    fn moved(self, right: f32, down: f32, larger: f32, score: f32) -> Self {
        let old = self.side as f32;
        let side = ((larger * 2.0 - 1.0) * old + old + 0.5).floor();
        let along = |at: i32, by: f32| {
            ((by * 2.0 - 1.0) * old + at as f32 + (old - side) * 0.5 + 0.5).floor() as i32
        };
        Self {
            x: along(self.x, right),
            y: along(self.y, down),
            side: side as i32,
            score: f64::from(score),
        }
    }

    /// Whether two share more than this part of what they cover together.
    fn overlaps(&self, other: &Self, part: f32) -> bool {
        let shared = |one: i32, another: i32| {
            i64::from((one + self.side).min(another + other.side) - one.max(another))
        };
        let (width, height) = (shared(self.x, other.x), shared(self.y, other.y));
        if width <= 0 || height <= 0 {
            return false;
        }
        let area = |one: &Self| i64::from(one.side).pow(2) as f32;
        let shared = (width * height) as f32;
        shared / (area(self) + area(other) - shared) > part
    }
}

/// Merges candidates into the surest of those round it, the scores added up.
#[derive(Default)]
struct Merger {
    /// The surest first.
    order: Vec<usize>,
    merged: Vec<Candidate>,
}

impl Merger {
    fn merge(&mut self, candidates: &mut Vec<Candidate>, overlap: f32) {
        let score = |index: usize| candidates[index].score;
        self.order.clear();
        self.order.extend(0..candidates.len());
        // Those that are equally sure stay in their order, and nothing is allocated.
        (self.order).sort_unstable_by(|&left, &right| {
            let sure = score(right).total_cmp(&score(left));
            sure.then(left.cmp(&right))
        });
        self.merged.clear();
        while let Some(&surest) = self.order.first() {
            let surest = candidates[surest];
            let mut sum = surest;
            let mut others = 0;
            self.order.retain(|&index| {
                let other = &candidates[index];
                let is_same = others == 0 || surest.overlaps(other, overlap);
                if is_same && others > 0 {
                    sum.score += other.score;
                }
                others += 1;
                !is_same
            });
            self.merged.push(sum);
        }
        candidates.clone_from(&self.merged);
    }
}
