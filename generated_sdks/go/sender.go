package cloudmetrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"cloudmetrics.example/go/cloudmetrics/core"
	"cloudmetrics.example/go/cloudmetrics/generated/models"
)

// sender sends the batches of a buffer. The buffer's goroutine alone uses it, except for its counts.
type sender struct {
	client  *core.Client
	options BufferOptions
	batch   [][]byte
	size    int
	err     error

	mu      sync.Mutex
	counted BufferCounts
}

// take puts an event into the batch, and sends it where it is full with that, or would be too large.
func (s *sender) take(ctx context.Context, line []byte) {
	if s.size+len(line)+1 > mostBytes {
		s.deliver(ctx)
	}
	s.batch = append(s.batch, line)
	s.size += len(line) + 1
	if len(s.batch) >= s.options.BatchSize {
		s.deliver(ctx)
	}
}

// deliver sends the batch until it is through, or until it is clear that it never will be.
func (s *sender) deliver(ctx context.Context) {
	if len(s.batch) == 0 {
		return
	}
	call := core.Call{Method: http.MethodPost, Path: "/v1/events", Body: core.Content, Repeatable: true}
	call.Params = &struct {
		Content []byte `body:"content"`
	}{s.body()}
	for attempt := 0; ; attempt++ {
		receipts, err := core.FetchData[*models.EventReceipts](ctx, s.client, call)
		if err == nil {
			s.receive(receipts)
			break
		}
		if !passes(err) || s.client.Wait(ctx, err, attempt) != nil {
			s.fail(err)
			break
		}
	}
	s.batch, s.size = nil, 0
}

func (s *sender) body() []byte {
	body := make([]byte, 0, s.size+len(`{"events":[]}`))
	body = append(body, `{"events":[`...)
	body = append(body, bytes.Join(s.batch, []byte(","))...)
	return append(body, "]}"...)
}

func (s *sender) receive(receipts *models.EventReceipts) {
	s.mu.Lock()
	s.counted.Accepted += receipts.Accepted
	s.counted.Duplicates += receipts.Duplicates
	s.counted.Rejected += receipts.Rejected
	s.mu.Unlock()
	if s.options.OnRejected == nil || receipts.Rejected == 0 {
		return
	}
	for _, receipt := range receipts.Receipts {
		if receipt.Status == models.ReceiptStatusRejected {
			s.options.OnRejected(receipt)
		}
	}
}

func (s *sender) fail(err error) {
	if s.options.OnFailure == nil {
		s.err = errors.Join(s.err, err)
		return
	}
	events := make([]json.RawMessage, len(s.batch))
	for i, line := range s.batch {
		events[i] = line
	}
	s.options.OnFailure(err, events)
}

// failure gives what failed since it was asked last.
func (s *sender) failure() error {
	err := s.err
	s.err = nil
	return err
}

func (s *sender) counts() BufferCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counted
}
