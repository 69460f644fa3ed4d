// What the Go SDK costs: bench SERVER ROUNDS SECONDS EVENTS prints requests/s of net/http and of the SDK, which
// take turns, and events/s through the buffer, a line each round.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"cloudmetrics.example/go/cloudmetrics"
	"cloudmetrics.example/go/cloudmetrics/generated/models"
)

const (
	goal = "0192f3b1-1d02-7c55-8a41-6b0f3e9d7c20"
	key  = "cm_test_bench"
)

func main() {
	server := os.Args[1]
	rounds, seconds, events := number(os.Args[2]), number(os.Args[3]), number(os.Args[4])
	client, err := cloudmetrics.New(cloudmetrics.WithAPIKey(key), cloudmetrics.WithBaseURL(server))
	check(err)
	for range int(rounds) {
		plain := rate(seconds, func() { check(ask(server)) })
		ours := rate(seconds, func() {
			_, err := client.Goals.Get(context.Background(), goal, nil)
			check(err)
		})
		fmt.Println(plain, ours, buffered(client, int(events)))
	}
}

// ask is what a program would write without the SDK.
func ask(server string) error {
	request, err := http.NewRequest(http.MethodGet, server+"/v1/goals/"+goal, nil)
	if err != nil {
		return err
	}
	request.Header.Set("API-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer any
	return json.NewDecoder(response.Body).Decode(&answer)
}

func rate(seconds float64, call func()) float64 {
	begun, count := time.Now(), 0
	for time.Since(begun).Seconds() < seconds {
		call()
		count++
	}
	return float64(count) / time.Since(begun).Seconds()
}

// buffered is events/s from the first Add until all of them are sent and answered.
func buffered(client *cloudmetrics.Client, count int) float64 {
	ctx, begun := context.Background(), time.Now()
	buffer, err := client.NewEventsBuffer(cloudmetrics.BufferOptions{})
	check(err)
	for i := range count {
		check(buffer.Add(ctx, models.EventCreate{
			Name: "pageview", WebsiteID: goal, VisitorID: fmt.Sprintf("visitor-%d", i),
			URL: cloudmetrics.Ptr("https://shop.example.com/cart"),
		}))
	}
	check(buffer.Close(ctx))
	return float64(count) / time.Since(begun).Seconds()
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
