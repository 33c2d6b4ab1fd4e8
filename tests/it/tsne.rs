//! t-SNE: groups that lie apart stay apart, and the same data come to the same places.

use attractor::analysis::tsne::Embedding;
use attractor::base::Error;
use attractor::random::{Key, Layout};
use attractor::tensor::{Device, Tensor, convert};

/// Three groups of 40 samples in 10 dimensions, far from each other.
fn groups() -> Tensor {
    let mut numbers = vec![0.0; 120 * 10];
    Key::new(3, Layout::default()).fill_normal(&mut numbers);
    for (k, row) in numbers.chunks_mut(10).enumerate() {
        row[k / 40] += 20.0;
    }
    Tensor::from_vec(numbers, (120, 10), &Device::Cpu).expect("matching sizes")
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

#[test]
fn near_neighbours_are_of_the_same_group() {
    for components in [2, 3] {
        let options = Embedding {
            components,
            perplexity: 10.0,
            steps: 400,
            ..Embedding::default()
        };
        let places = options.embed(&groups()).expect("positions");
        assert_eq!(places.dims(), [120, components]);
        let places = convert::to_f64(&places).expect("values");
        let again = options.embed(&groups()).expect("positions");
        assert_eq!(convert::to_f64(&again).expect("values"), places);
        let rows: Vec<&[f64]> = places.chunks(components).collect();
        for (k, row) in rows.iter().enumerate() {
            let mut others: Vec<usize> = (0..rows.len()).filter(|j| *j != k).collect();
            others.sort_by(|a, b| distance(row, rows[*a]).total_cmp(&distance(row, rows[*b])));
            assert!(others[..20].iter().all(|j| j / 40 == k / 40), "sample {k}");
        }
    }
}

#[test]
fn too_few_samples_are_told() {
    let few = groups().narrow(0, 0, 50).expect("matching sizes");
    let found = Embedding::default().embed(&few);
    assert!(matches!(
        found,
        Err(Error::Shape {
            op: "tsne::fit",
            ..
        })
    ));
    // The fewest that there may be.
    let options = Embedding {
        perplexity: 49.0 / 3.0,
        steps: 5,
        ..Embedding::default()
    };
    assert!(options.embed(&few).is_ok());
}
