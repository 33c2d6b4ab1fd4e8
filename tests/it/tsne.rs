//! t-SNE: separate groups remain separate, and the embedding is reproducible.

use attractor::analysis::tsne::Embedding;
use attractor::base::Error;
use attractor::random::{Key, Layout};
use attractor::tensor::{Device, Tensor, convert};

/// Three distant groups of 40 samples in 10 dimensions.
fn groups() -> Tensor {
    let mut values = vec![0.0; 120 * 10];
    Key::new(3, Layout::default()).fill_normal(&mut values);
    for (k, row) in values.chunks_mut(10).enumerate() {
        row[k / 40] += 20.0;
    }
    Tensor::from_vec(values, (120, 10), &Device::Cpu).expect("matching sizes")
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

#[test]
fn nearest_neighbours_in_the_embedding_belong_to_the_same_group() {
    for components in [2, 3] {
        let options = Embedding {
            components,
            perplexity: 10.0,
            steps: 400,
            ..Embedding::default()
        };
        let embedding = options.embed(&groups()).expect("positions");
        assert_eq!(embedding.dims(), [120, components]);
        let embedding = convert::to_f64(&embedding).expect("values");
        let repeated = options.embed(&groups()).expect("positions");
        assert_eq!(convert::to_f64(&repeated).expect("values"), embedding);
        let rows: Vec<&[f64]> = embedding.chunks(components).collect();
        for (k, row) in rows.iter().enumerate() {
            let mut neighbours: Vec<usize> = (0..rows.len()).filter(|j| *j != k).collect();
            neighbours.sort_by(|a, b| distance(row, rows[*a]).total_cmp(&distance(row, rows[*b])));
            assert!(
                neighbours[..20].iter().all(|j| j / 40 == k / 40),
                "sample {k}"
            );
        }
    }
}

#[test]
fn too_few_samples_are_an_error() {
    let fifty_samples = groups().narrow(0, 0, 50).expect("matching sizes");
    let actual = Embedding::default().embed(&fifty_samples);
    assert!(matches!(
        actual,
        Err(Error::Shape {
            op: "tsne::fit",
            ..
        })
    ));
    // The minimum number of samples.
    let options = Embedding {
        perplexity: 49.0 / 3.0,
        steps: 5,
        ..Embedding::default()
    };
    assert!(options.embed(&fifty_samples).is_ok());
}
