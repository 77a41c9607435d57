//! Whether estimates keep their promise: over many made-up sets, 95 % intervals have to hold the truth nearly always.
//!
//! Nothing here is drawn from the model that the estimates assume. See [`world`] for what is wrong on purpose.

mod world;

use kanak_engine::matching::estimate::{
    Answer, Answers, BlockingRecall, Chance, Estimate, Interval, KeyAgreement, Population, Seen, answered,
    blocking_recall, curve, draw_sample, expected, label_of, recalibrate, reliability,
};

use kanak_model::match_pair::MatchPair;

use self::world::World;

const SETS: u64 = 60;
const ANSWERS: u64 = 300;

/// How often an interval held the truth, and how wide it was.
#[derive(Default)]
struct Kept {
    sets: u64,
    covered: u64,
    width: f64,
    off: f64,
}

impl Kept {
    fn add(&mut self, estimate: Estimate, truth: f64) {
        let Interval { low, high } = estimate.interval;
        self.sets += 1;
        // Rounding of a share that is known for certain.
        self.covered += u64::from(low - 1e-9 <= truth && truth <= high + 1e-9);
        self.width += estimate.interval.width();
        self.off += estimate.value - truth;
    }

    fn tell(&self, name: &str) {
        let sets = self.sets as f64;
        println!(
            "{name}: {} of {} covered, mean width {:.4}, mean error {:+.4}",
            self.covered,
            self.sets,
            self.width / sets,
            self.off / sets
        );
    }

    fn share(&self) -> f64 {
        self.covered as f64 / self.sets as f64
    }

    fn mean_width(&self) -> f64 {
        self.width / self.sets as f64
    }
}

fn blocking_of(world: &World, answers: &Answers) -> Option<BlockingRecall> {
    let of_pair = |pair: &MatchPair| KeyAgreement {
        agreed: world.agreed(pair.left, pair.right),
        probability: pair.probability,
        answer: answers.get(&(pair.left, pair.right)).copied(),
    };
    let seen: Vec<KeyAgreement> = world.listed.iter().map(of_pair).collect();
    blocking_recall(&world::RULES, &seen)
}

#[test]
fn over_sixty_sets_the_intervals_hold_the_truth() {
    let [mut precision, mut recall, mut blocking] = [(); 3].map(|()| Kept::default());
    let [mut precision_before, mut recall_before, mut blocking_before] = [(); 3].map(|()| Kept::default());
    for seed in 0..SETS {
        let world = World::draw(seed);
        let population = world.population();
        let sample = draw_sample(&population, ANSWERS, seed);
        assert_eq!(sample.len() as u64, ANSWERS.min(population.pairs.len() as u64));
        let answers: Answers =
            sample.iter().map(|pair| ((pair.left, pair.right), world.answer(pair.left, pair.right))).collect();
        let truth = world.truth();
        let believed = blocking_of(&world, &Answers::new()).unwrap();
        let before = expected(&population, Some(&believed), seed);
        let mended = blocking_of(&world, &answers).unwrap();
        let after = answered(&population, &answers, Some(&mended), seed);
        if std::env::var_os("KANAK_SHOW").is_some() {
            println!("{seed} {truth:?}\n  {before:?}\n  {after:?}");
        }
        precision.add(after.precision, truth.precision);
        recall.add(after.recall, truth.recall);
        blocking.add(mended.recall, truth.blocking_recall);
        blocking_before.add(believed.recall, truth.blocking_recall);
        precision_before.add(before.precision, truth.precision);
        recall_before.add(before.recall, truth.recall);
    }
    precision.tell("precision, 300 answers");
    recall.tell("recall, 300 answers");
    blocking.tell("blocking recall, 300 answers");
    precision_before.tell("precision, no answers");
    recall_before.tell("recall, no answers");
    blocking_before.tell("blocking recall, no answers");
    for (name, kept) in [("precision", &precision), ("recall", &recall), ("blocking recall", &blocking)] {
        assert!(kept.share() >= 0.9, "{name} is covered in {:.3}", kept.share());
        assert!(kept.mean_width() <= 0.06, "{name} is {:.4} wide", kept.mean_width());
    }
    // Without answers the intervals are a judgement: they have to be honest, and cannot be narrow.
    for (name, kept) in [("precision", &precision_before), ("recall", &recall_before)] {
        assert!(kept.share() >= 0.85, "{name} without answers is covered in {:.3}", kept.share());
    }
}

/// What a steward's answers to a sample show of the probabilities.
fn answered_sample(world: &World, population: &Population, seed: u64) -> Vec<Seen> {
    let sample = draw_sample(population, ANSWERS, seed);
    let answers: Answers =
        sample.iter().map(|pair| ((pair.left, pair.right), world.answer(pair.left, pair.right))).collect();
    sample.iter().filter_map(|pair| label_of(pair, &answers)).collect()
}

#[test]
fn answers_mend_probabilities() {
    let (mut before, mut after) = (0.0, 0.0);
    for seed in 100..110 {
        let world = World::draw(seed);
        let population = world.population();
        let seen = answered_sample(&world, &population, seed);
        let line = recalibrate(&seen);
        // The loss is measured on all listed pairs, not on those that were answered.
        for pair in &world.listed {
            let is_same = world.answer(pair.left, pair.right) == Answer::Same;
            let loss = |probability: f64| -(if is_same { probability } else { 1.0 - probability }).max(1e-9).ln();
            before += loss(pair.probability);
            after += loss(line.probability(pair.probability));
        }
        assert!(!reliability(&seen).is_empty());
    }
    println!("log loss of all listed pairs: {before:.0} as stated, {after:.0} mended");
    assert!(after < before);
}

#[test]
fn the_estimated_curve_runs_beside_the_true_one() {
    let loads = [0.0, 2.0, 5.0, 10.0, 20.0, 50.0];
    let mut gap_max: f64 = 0.0;
    for seed in 200..210 {
        let world = World::draw(seed);
        let population = world.population();
        let seen = answered_sample(&world, &population, seed);
        let line = recalibrate(&seen);
        let wanted = world.truth().wanted as f64;
        let of = |matched: &dyn Fn(&MatchPair) -> f64| -> Vec<Chance> {
            world.listed.iter().map(|pair| Chance { probability: pair.probability, matched: matched(pair) }).collect()
        };
        let is_same = |pair: &MatchPair| f64::from(u8::from(world.answer(pair.left, pair.right) == Answer::Same));
        let known = of(&is_same);
        let missed = wanted - known.iter().map(|chance| chance.matched).sum::<f64>();
        let estimated = of(&|pair| line.probability(pair.probability));
        let rows = world.len() as u64;
        let (known, estimated) =
            (curve(&known, missed, rows, 0.99, &loads), curve(&estimated, missed, rows, 0.99, &loads));
        for (known, estimated) in known.iter().zip(&estimated) {
            if std::env::var_os("KANAK_SHOW").is_some() {
                println!("{seed} {:>5}: {:.4} {:.4}", known.tasks_per_1000, known.recall, estimated.recall);
            }
        }
        assert!(known.is_sorted_by(|a, b| a.recall <= b.recall));
        gap_max = gap_max.max((known[5].recall - estimated[5].recall).abs());
    }
    println!("widest gap of the curves at 50 tasks per 1,000: {gap_max:.4}");
    assert!(gap_max < 0.05, "{gap_max}");
}
