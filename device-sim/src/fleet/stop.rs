//! The wish to stop, heard by every device.

use tokio::sync::watch;

/// A device's ear.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

/// The voice; dropping it stops the fleet too.
pub struct Stopper(watch::Sender<bool>);

/// A voice and an ear.
pub fn stop_signal() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Tells everybody, also those who listen later.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns when the fleet stops.
    pub async fn requested(&mut self) {
        // An error means that the voice is gone, which means the same.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
