//! The change feed as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use kanak_model::feed::{Detail, FeedEntry};
use kanak_model::{Access, FeedPosition};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::Expand;
use crate::feed_view::FeedEventView;
use crate::server::admit::FEED_STREAMS_MAX;
use crate::server::identify::{ApiCaller, find_caller};
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Events that are read at a time, and so held in memory for a reader that is slow to take them.
const PAGE: u32 = 100;
/// How often the feed is looked at for a reader that has seen all of it.
const LOOK: Duration = Duration::from_millis(500);
/// How long a stream is silent before a comment shows that both ends are there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts. Its reader comes back with `Last-Event-ID`, and with a key that still opens.
const LASTS: Duration = Duration::from_secs(15 * 60);

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// Where to begin when there is no `Last-Event-ID`: the last position that was seen; 0 from the beginning.
    #[serde(default)]
    after: i64,
    /// `values` adds the values before and after.
    expand: Option<Expand>,
}

/// Tells what happens to golden records, and what is published, as it is committed, in order: the events of `/v1/feed`, one by one.
///
/// Each has its position as `id`, what happened as `event` and the event as `data`. A reader that comes back with
/// `Last-Event-ID` misses none and gets none again. An `id` without data says that others' events were passed over.
/// The stream ends after a quarter of an hour, when its reader does not take what it is sent, or when its key or session no longer may
/// read it: come back.
#[utoipa::path(get, path = "/v1/feed/events", tag = "change feed", security(("key" = [])),
    params(From, ("Last-Event-ID" = Option<i64>, Header, description = "The last `id` that was seen; goes before `after`"),
           ("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    responses((status = 200, description = "A stream of events", content_type = "text/event-stream", body = FeedEventView),
              (status = 401, description = "No key", body = Problem),
              (status = 409, description = "The feed has not reached this position", body = Problem),
              (status = 503, description = "As many streams as the server has room for are open", body = Problem)))]
pub async fn events(
    State(state): State<AppState>,
    caller: ApiCaller,
    headers: HeaderMap,
    Query(from): Query<From>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let access = caller.access()?;
    let kept = last_event_id(&headers)?.unwrap_or(FeedPosition(from.after));
    let Ok(place) = Arc::clone(&state.streams).try_acquire_owned() else {
        let detail =
            format!("{FEED_STREAMS_MAX} streams are open; read `/v1/feed` by cursor, or try again in a minute");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let detail = super::detail(from.expand);
    // A position that the feed does not have is refused now, with a status.
    super::read(&state, &access, kept, 0, Detail::Changes).await?;
    let ending = state.ending.subscribe();
    let ends = Instant::now() + LASTS;
    let page = VecDeque::new();
    let reader = Reader { state, headers, caller, access, detail, kept, page, ends, ending, _place: place };
    let stream = futures::stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<FeedPosition>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let unreadable = || Problem::bad_request("`Last-Event-ID` is the `id` of an event of this feed, a number");
    position.map(|position| Some(FeedPosition(position))).ok_or_else(unreadable)
}

/// One stream. It reads on only when the connection takes more, so that a slow reader holds one page and no more.
struct Reader {
    state: AppState,
    /// What the stream was asked for with: the key or the session among it.
    headers: HeaderMap,
    caller: ApiCaller,
    access: Access,
    detail: Detail,
    /// Up to where the feed was read.
    kept: FeedPosition,
    /// What was read and is not yet sent.
    page: VecDeque<Event>,
    ends: Instant,
    ending: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// The next event; `None` ends the stream, and its reader comes back for the rest.
    async fn next(&mut self) -> Option<Event> {
        while self.page.is_empty() {
            if *self.ending.borrow() || Instant::now() >= self.ends {
                return None;
            }
            if !self.read_on().await? {
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    _ = self.ending.changed() => return None,
                }
            }
        }
        self.page.pop_front()
    }

    /// Reads a page; tells whether there was anything new. `None` when the feed cannot be read: that is in the log; or no longer by
    /// this reader: who comes back is told why.
    async fn read_on(&mut self) -> Option<bool> {
        // The key or session, what it may, and what was agreed or consented to may have changed since the last page.
        let ApiCaller { purpose, basis, .. } = self.caller;
        let caller = find_caller(&self.state, &self.headers).await.ok()??;
        self.access = self.state.deployment.decide(&caller, purpose, basis).await.ok()?.ok()?;
        let page = super::read(&self.state, &self.access, self.kept, PAGE, self.detail).await.ok()?;
        if page.through == self.kept {
            return Some(false);
        }
        let last = page.entries.last().map(FeedEntry::position);
        for entry in page.entries {
            let view = FeedEventView::from(entry);
            let event = Event::default().id(view.position().to_string()).event(view.change());
            self.page.push_back(event.json_data(&view).ok()?);
        }
        if last != Some(page.through) {
            self.page.push_back(Event::default().id(page.through.0.to_string()));
        }
        self.kept = page.through;
        Some(true)
    }
}
