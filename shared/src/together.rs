//! Futures side by side, on one thread.
//!
//! For the few that ask all shards or partitions at once: every pending one is polled whenever
//! one of them stirs. Behind pointers, because each kind of future would have the code of a
//! whole scheduler compiled for it (`docs/PERFORMANCE.md`).

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future behind a pointer.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Waits for all of them; what they give, in their order.
pub fn join_all<'a, F: Future + 'a>(
    futures: impl IntoIterator<Item = F>,
) -> JoinAll<'a, F::Output> {
    let boxed = |future: F| -> Boxed<'a, F::Output> { Box::pin(future) };
    let members = futures.into_iter().map(boxed).map(Member::Pending);
    JoinAll(members.collect())
}

/// See [`join_all`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct JoinAll<'a, T>(Vec<Member<'a, T>>);

enum Member<'a, T> {
    Pending(Boxed<'a, T>),
    Ready(T),
}

impl<T: Unpin> Future for JoinAll<'_, T> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<T>> {
        let mut is_pending = false;
        for member in &mut self.0 {
            if let Member::Pending(future) = member {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *member = Member::Ready(value),
                    Poll::Pending => is_pending = true,
                }
            }
        }
        if is_pending {
            return Poll::Pending;
        }
        let members = mem::take(&mut self.0).into_iter();
        Poll::Ready(
            members
                .filter_map(|member| match member {
                    Member::Ready(value) => Some(value),
                    Member::Pending(_) => None,
                })
                .collect(),
        )
    }
}

/// Waits for the first of them, which is taken out; there has to be one.
pub fn first<'f, 'a, T>(futures: &'f mut Vec<Boxed<'a, T>>) -> First<'f, 'a, T> {
    First(futures)
}

/// See [`first`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct First<'f, 'a, T>(&'f mut Vec<Boxed<'a, T>>);

impl<T> Future for First<'_, '_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        for place in 0..self.0.len() {
            if let Some(future) = self.0.get_mut(place)
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                drop(self.0.remove(place));
                return Poll::Ready(value);
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fake::block_on;

    /// Ready when it has been polled so often.
    struct After(u32, u32);

    impl Future for After {
        type Output = u32;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
            if self.0 == 0 {
                return Poll::Ready(self.1);
            }
            self.0 -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    }

    #[test]
    fn all_of_them_come_in_their_order() {
        let futures = [After(3, 1), After(0, 2), After(1, 3)];
        assert_eq!(block_on(join_all(futures)), [1, 2, 3]);
        assert_eq!(block_on(join_all(Vec::<After>::new())), Vec::<u32>::new());
    }

    #[test]
    fn the_first_one_is_taken_out_and_the_others_go_on() {
        let mut waiting: Vec<Boxed<'_, u32>> = vec![
            Box::pin(After(5, 1)),
            Box::pin(After(2, 2)),
            Box::pin(After(9, 3)),
        ];
        let mut seen = Vec::new();
        while !waiting.is_empty() {
            seen.push(block_on(first(&mut waiting)));
        }
        assert_eq!(seen, [2, 1, 3]);
    }
}
