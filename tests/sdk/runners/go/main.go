// The Go SDK's runner: see ../../README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// message is what the runner is told in a line.
type message struct {
	ID     int             `json:"id"`
	Client told            `json:"client"`
	Do     string          `json:"do"`
	Call   string          `json:"call"`
	With   json.RawMessage `json:"with"`
	Take   *int            `json:"take"`
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	runner := &runner{clients: clients{}}
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		fmt.Println(string(runner.answer(line)))
	}
}

func (r *runner) answer(line []byte) []byte {
	var asked message
	if err := json.Unmarshal(line, &asked); err != nil {
		return crashed(0, err.Error())
	}
	if asked.With == nil {
		asked.With = json.RawMessage("{}")
	}
	gives, err := r.do(asked)
	if err == nil {
		answer, err := json.Marshal(map[string]any{"id": asked.ID, "gives": gives})
		if err != nil {
			return crashed(asked.ID, err.Error())
		}
		return answer
	}
	fails := described(err)
	if fails == nil {
		return crashed(asked.ID, err.Error())
	}
	answer, err := json.Marshal(map[string]any{"id": asked.ID, "fails": fails})
	if err != nil {
		return crashed(asked.ID, err.Error())
	}
	return answer
}

func crashed(id int, why string) []byte {
	answer, _ := json.Marshal(map[string]any{"id": id, "crashed": why})
	return answer
}
