package cloudmetrics

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloudmetrics.example/go/cloudmetrics/core"
	"cloudmetrics.example/go/cloudmetrics/generated/models"
)

// What the API takes in one batch.
const (
	mostEvents = 1000
	mostBytes  = 4 << 20
)

// ErrBufferClosed says that an event came after its buffer was closed, and was not taken.
var ErrBufferClosed = errors.New("cloudmetrics: the buffer was closed; this event was not taken")

// BufferOptions says how an EventsBuffer behaves; what is zero is as usual.
type BufferOptions struct {
	// BatchSize is how many events go out together, 500 unless told, 1000 at most.
	BatchSize int
	// Interval is how often there is a batch even if it is not full, 1 s unless told.
	Interval time.Duration
	// Capacity is how many events may wait before Add waits too, 50,000 unless told.
	Capacity int
	// OnRejected is called with each receipt of an event that the server would not take.
	OnRejected func(models.EventReceipt)
	// OnFailure is called with a batch that will never be taken, such as with a revoked key, and why.
	// Without it, Flush and Close give the error.
	OnFailure func(error, []json.RawMessage)
}

// BufferCounts is what became of the events so far.
type BufferCounts struct{ Accepted, Duplicates, Rejected int64 }

// EventsBuffer takes events at once and sends them soon, in batches, in the background. Goroutines may share
// one. Close it before the program ends: nothing else can send what waits then.
//
// An event without an id gets one, so that a batch that is sent twice counts once, and one without a time has
// just happened. A batch that fails in passing is sent again until it is through.
type EventsBuffer struct {
	sender  *sender
	queue   chan []byte
	flushes chan chan error
	closing chan struct{}
	once    sync.Once
	// adding is held while an event is added, so that none comes after the last batch.
	adding sync.RWMutex
	ended  chan struct{}
	stop   context.CancelFunc
}

// NewEventsBuffer makes a buffer of this client. It fails with an ArgumentError.
func (c *Client) NewEventsBuffer(options BufferOptions) (*EventsBuffer, error) {
	if options.BatchSize == 0 {
		options.BatchSize = 500
	}
	if options.Interval == 0 {
		options.Interval = time.Second
	}
	if options.Capacity == 0 {
		options.Capacity = 50_000
	}
	if options.BatchSize < 1 || options.BatchSize > mostEvents || options.Capacity < options.BatchSize ||
		options.Interval < 0 {
		message := fmt.Sprintf("a batch has 1 to %d events, and the buffer holds at least a batch", mostEvents)
		return nil, &ArgumentError{Message: message}
	}
	ctx, stop := context.WithCancel(context.Background())
	made := &EventsBuffer{
		sender:  &sender{client: c.core.Once(), options: options},
		queue:   make(chan []byte, options.Capacity),
		flushes: make(chan chan error),
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
		stop:    stop,
	}
	go made.work(ctx)
	return made, nil
}

// Add takes an event. It waits only while the buffer is full. It fails with ErrBufferClosed, with an
// ArgumentError, or as its context does.
func (b *EventsBuffer) Add(ctx context.Context, event models.EventCreate) error {
	if event.ID == "" {
		event.ID = rand.Text()
	}
	if event.Timestamp.IsZero() {
		event.Timestamp = time.Now()
	}
	return b.add(ctx, event)
}

// AddMap takes an event as it is in JSON, for events that this program does not know the fields of.
func (b *EventsBuffer) AddMap(ctx context.Context, event map[string]any) error {
	whole := map[string]any{"id": nil, "timestamp": time.Now()}
	for name, value := range event {
		whole[name] = value
	}
	if whole["id"] == nil {
		whole["id"] = rand.Text()
	}
	return b.add(ctx, whole)
}

func (b *EventsBuffer) add(ctx context.Context, event any) error {
	line, err := json.Marshal(event)
	if err != nil {
		return &ArgumentError{Message: err.Error()}
	}
	b.adding.RLock()
	defer b.adding.RUnlock()
	select {
	case <-b.closing:
		return ErrBufferClosed
	default:
	}
	select {
	case b.queue <- line:
		return nil
	case <-b.closing:
		return ErrBufferClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Flush waits until all events so far are sent. It fails with what the server said no with, if OnFailure is
// not told it.
func (b *EventsBuffer) Flush(ctx context.Context) error {
	select {
	case <-b.closing:
		return ErrBufferClosed
	default:
		return b.flush(ctx)
	}
}

func (b *EventsBuffer) flush(ctx context.Context) error {
	reply := make(chan error, 1)
	select {
	case b.flushes <- reply:
	case <-b.ended:
		return ErrBufferClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close sends what is there, for as long as the context lasts, and ends. It fails as Flush does.
func (b *EventsBuffer) Close(ctx context.Context) error {
	var err error
	b.once.Do(func() {
		close(b.closing)
		b.adding.Lock()
		defer b.adding.Unlock()
		err = b.flush(ctx)
		b.stop()
		<-b.ended
	})
	return err
}

// Len says how many events wait for their batch.
func (b *EventsBuffer) Len() int { return len(b.queue) }

// Counts says what became of the events so far.
func (b *EventsBuffer) Counts() BufferCounts { return b.sender.counts() }

// work makes batches of what comes, until it is stopped.
func (b *EventsBuffer) work(ctx context.Context) {
	defer close(b.ended)
	ticker := time.NewTicker(b.sender.options.Interval)
	defer ticker.Stop()
	for {
		select {
		case line := <-b.queue:
			b.sender.take(ctx, line)
		case <-ticker.C:
			b.sender.deliver(ctx)
		case reply := <-b.flushes:
			for waiting := len(b.queue); waiting > 0; waiting-- {
				b.sender.take(ctx, <-b.queue)
			}
			b.sender.deliver(ctx)
			reply <- b.sender.failure()
		case <-ctx.Done():
			return
		}
	}
}

// passes says whether the same batch may be taken later.
func passes(err error) bool {
	var problem *APIError
	var broken *ConnectionError
	var nonsense *InvalidAnswerError
	if errors.As(err, &problem) {
		return core.Passes(problem.Status)
	}
	return errors.As(err, &broken) || errors.As(err, &nonsense)
}
