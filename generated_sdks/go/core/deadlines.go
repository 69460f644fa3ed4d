package core

import (
	"container/list"
	"sync"
	"time"
)

// Deadlines calls off what takes too long. One timer looks after all attempts of a client: arming one for each
// would wake a thread each time. All have the same timeout, so the first that began is the first that is late.
type Deadlines struct {
	mu      sync.Mutex
	waiting list.List
	armed   bool
}

type deadline struct {
	at   time.Time
	late func()
}

// begin calls late after the timeout, unless it is told before that it has ended.
func (d *Deadlines) begin(timeout time.Duration, late func()) (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	element := d.waiting.PushBack(deadline{time.Now().Add(timeout), late})
	if !d.armed {
		d.armed = true
		time.AfterFunc(timeout, d.look)
	}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.waiting.Remove(element)
	}
}

// look calls off what is late, and comes again when the next one would be.
func (d *Deadlines) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for element := d.waiting.Front(); element != nil; element = d.waiting.Front() {
		each, _ := element.Value.(deadline)
		if left := time.Until(each.at); left > 0 {
			time.AfterFunc(left, d.look)
			return
		}
		d.waiting.Remove(element)
		go each.late()
	}
	d.armed = false
}
