from locust import HttpUser, task


class Shopper(HttpUser):
    @task
    def items(self):
        self.client.get("/items")
