"""An app whose tables begin like those of the other one, and are none of its."""

from django.db import models


class Toy(models.Model):
    name = models.CharField(max_length=40)
