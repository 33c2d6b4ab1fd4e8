//! All parameters in the order in which the loops read them.

use super::places::Places;
use super::spread::Task;
use super::{CELL, Way};
use crate::ops::Lanes;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::update::{Strand, Update, Weights};
use crate::ops::simd::product::{Block, Form, Panels};

type GruPacked<T> = <Gru as Update<T>>::Packed;

/// The parameters, packed. What ends in `_back` is for the way back.
#[derive(Default)]
pub struct Packed<T: Lanes> {
    pub encoders: [GruPacked<T>; 2],
    pub controller: GruPacked<T>,
    pub generator: GruPacked<T>,
    pub initial: Affine<T>,
    pub inferred: Affine<T>,
    pub factors: Affine<T>,
    pub rates: Affine<T>,
    /// Rows of length 1, [k, g], and what they were divided by, [k].
    pub unit_rows: Vec<T>,
    pub lengths: Vec<T>,
}

/// W and, as its last column, b, if there is one.
#[derive(Default)]
pub struct Affine<T> {
    pub ahead: Panels<T>,
    pub back: Panels<T>,
}

impl<T: Lanes> Affine<T> {
    fn pack(&mut self, form: Form, w: &[T], b: &[T], columns: usize, backward: bool) {
        if columns == 0 {
            return;
        }
        let rows = w.len() / columns;
        let bias = Block::plain(b, usize::from(!b.is_empty()));
        self.ahead
            .pack(form, rows, &[Block::plain(w, columns), bias]);
        if backward {
            self.back
                .pack(form, columns, &[Block::transposed(w, columns, rows)]);
        }
    }
}

impl<T: Lanes> Packed<T> {
    pub fn pack(&mut self, task: &Task<'_, T>) {
        let (s, form, params) = (task.sizes, task.division.form, task.given.params);
        let places = Places::of(s);
        let backward = task.way == Way::Learn;
        let recurrent = |strand: Strand, all: &[T], into: &mut GruPacked<T>| {
            if strand.units > 0 {
                let weights = Weights {
                    strand,
                    params: &all[strand.units..],
                    above: Block::plain(&[], 0),
                    backward,
                    form,
                };
                CELL.pack(&weights, into);
            }
        };
        if task.way != Way::Generate {
            for (into, place) in self.encoders.iter_mut().zip(places.encoders) {
                recurrent(s.encoder_strand(), &params[place], into);
            }
            let (w, b) = (&params[places.initial_w], &params[places.initial_b]);
            self.initial.pack(form, w, b, 2 * s.encoder, backward);
            let place = places.controller;
            recurrent(s.controller_strand(), &params[place], &mut self.controller);
            let (w, b) = (&params[places.inferred_w], &params[places.inferred_b]);
            self.inferred.pack(form, w, b, s.controller, backward);
        }
        let place = places.generator;
        recurrent(s.generator_strand(), &params[place], &mut self.generator);
        self.normalise(&params[places.factors], s.generator);
        self.factors
            .pack(form, &self.unit_rows, &[], s.generator, backward);
        let (w, b) = (&params[places.rates_w], &params[places.rates_b]);
        self.rates.pack(form, w, b, s.factors, backward);
    }

    fn normalise(&mut self, rows: &[T], width: usize) {
        self.unit_rows.clear();
        self.unit_rows.extend_from_slice(rows);
        self.lengths.clear();
        for row in self.unit_rows.chunks_exact_mut(width) {
            let squares: f64 = row.iter().map(|w| w.double() * w.double()).sum();
            let length = T::of(squares.sqrt());
            row.iter_mut().for_each(|w| *w /= length);
            self.lengths.push(length);
        }
    }
}
