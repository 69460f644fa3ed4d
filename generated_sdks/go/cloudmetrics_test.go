package cloudmetrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"cloudmetrics.example/go/cloudmetrics"
	"cloudmetrics.example/go/cloudmetrics/generated/models"
)

func client(t *testing.T, handler http.HandlerFunc) *cloudmetrics.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	made, err := cloudmetrics.New(cloudmetrics.WithAPIKey("cm_test_go"), cloudmetrics.WithBaseURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func busy(writer http.ResponseWriter, _ *http.Request) {
	writer.Header().Set("Retry-After", "30")
	writer.WriteHeader(http.StatusServiceUnavailable)
}

func TestACallEndsWithItsContextEvenBetweenTwoAttempts(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()

	_, err := client(t, busy).Workspace.Get(ctx, nil)

	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if passed := time.Since(begun); passed > 5*time.Second {
		t.Errorf("it took %v", passed)
	}
}

func TestABufferWhoseServerIsAwayClosesWithItsContext(t *testing.T) {
	buffer, err := client(t, busy).NewEventsBuffer(cloudmetrics.BufferOptions{BatchSize: 1, Capacity: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	var full error
	for range 4 {
		full = errors.Join(full, buffer.Add(ctx, models.EventCreate{Name: "pageview"}))
	}

	closed := buffer.Close(ctx)

	if !errors.Is(full, context.DeadlineExceeded) || !errors.Is(closed, context.DeadlineExceeded) {
		t.Errorf("a full buffer says %v, and closing it %v", full, closed)
	}
	late := buffer.Add(context.Background(), models.EventCreate{Name: "pageview"})
	flushed := buffer.Flush(context.Background())
	if !errors.Is(late, cloudmetrics.ErrBufferClosed) || !errors.Is(flushed, cloudmetrics.ErrBufferClosed) {
		t.Errorf("a closed buffer says %v and %v", late, flushed)
	}
}

func TestEachOfManyAttemptsIsCalledOffInItsOwnTime(t *testing.T) {
	const timeout = 200 * time.Millisecond
	stuck := func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }
	server := httptest.NewServer(http.HandlerFunc(stuck))
	t.Cleanup(server.Close)
	made, err := cloudmetrics.New(cloudmetrics.WithAPIKey("cm_test_go"), cloudmetrics.WithBaseURL(server.URL),
		cloudmetrics.WithTimeout(timeout), cloudmetrics.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	// The second round begins after the timer of the first has come to its end.
	for range 2 {
		outcomes := make(chan error)
		for i := range 20 {
			go func() {
				time.Sleep(time.Duration(i) * timeout / 20)
				begun := time.Now()
				_, err := made.Workspace.Get(context.Background(), nil)
				if passed := time.Since(begun); passed < timeout {
					err = errors.New("it was called off too early")
				}
				outcomes <- err
			}()
		}
		for range 20 {
			if err := <-outcomes; !cloudmetrics.IsTimeout(err) {
				t.Errorf("the error is %v", err)
			}
		}
	}
}
